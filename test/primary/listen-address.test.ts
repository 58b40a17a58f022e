import t from 'tap'
import { readConfig } from '../../src/config.ts'
import { choosePlace } from '../../src/primary/listen-address.ts'

const PLACES: ReadonlyArray<readonly [name: string, env: Readonly<Record<string, string>>, expected: object]> = [
  ['an address and a port', { HOST: '0.0.0.0', PORT: '4242' }, { address: { host: '0.0.0.0', port: 4242 }, url: 'http://0.0.0.0:4242', port: 4242 }],
  ['an IPv6 address', { HOST: '::1', PORT: '4242' }, { address: { host: '::1', port: 4242 }, url: 'http://[::1]:4242', port: 4242 }],
  ['a UNIX socket, and no port', { LISTEN_SOCKET: '/tmp/nobody.sock', PORT: '4242' }, { address: { path: '/tmp/nobody.sock', mode: 0o660 }, url: 'unix:/tmp/nobody.sock' }],
  ['a UNIX socket of its own mode', { LISTEN_SOCKET: '/tmp/nobody.sock', LISTEN_MODE: '600' }, { address: { path: '/tmp/nobody.sock', mode: 0o600 }, url: 'unix:/tmp/nobody.sock' }]
]

for (const [name, env, expected] of PLACES) {
  await t.test(`the service listens on ${name}`, async (t) => {
    t.strictSame(await choosePlace(readConfig(env, () => 1)), expected)
  })
}

await t.test('PORT=0 is a free port, and none of a slot', async (t) => {
  for (const env of [{}, { SLOT_PORT_BASE: '1' }]) {
    const { port = 0, url } = await choosePlace(readConfig({ PORT: '0', ...env }, () => 1))

    t.ok(port > 1024)
    t.equal(url, `http://127.0.0.1:${port}`)
  }
})

await t.test('PORT=0 looks on while the port that is free belongs to a slot', async (t) => {
  // The kernel hands out ports of a range of some 28,000: every other look is outside the slots.
  const first = (await choosePlace(readConfig({ PORT: '0' }, () => 1))).port as number
  const base = Math.max(1, Math.min(first - 512, 65535 - 1024))

  for (let count = 0; count < 200; count++) {
    const { port = 0 } = await choosePlace(readConfig({ PORT: '0', SLOT_PORT_BASE: `${base}` }, () => 1))
    if (port >= base && port < base + 1024) t.fail(`${port} is one of the ports from ${base} on`)
  }
})
