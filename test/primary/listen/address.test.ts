import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'

import { readConfig } from '../../../src/config/config.ts'
import { chooseAddress } from '../../../src/primary/listen/address.ts'

const ADDRESSES: ReadonlyArray<readonly [name: string, env: Readonly<Record<string, string>>, expected: object]> = [
  ['an address and a port', { HOST: '0.0.0.0', PORT: '24242' }, { address: { host: '0.0.0.0', port: 24242 }, url: 'http://0.0.0.0:24242', port: 24242 }],
  ['an IPv6 address', { HOST: '::1', PORT: '24242' }, { address: { host: '::1', port: 24242 }, url: 'http://[::1]:24242', port: 24242 }],
  ['a port over TLS', { PORT: '24242', TLS_CERT_FILE: 'cert.pem', TLS_KEY_FILE: 'key.pem' }, { address: { host: '127.0.0.1', port: 24242 }, url: 'https://127.0.0.1:24242', port: 24242 }],
  ['a UNIX socket, and no port', { LISTEN_SOCKET: '/tmp/unused.sock', PORT: '24242' }, { address: { path: '/tmp/unused.sock', mode: 0o660 }, url: 'unix:/tmp/unused.sock' }],
  ['a UNIX socket of its own mode', { LISTEN_SOCKET: '/tmp/unused.sock', LISTEN_MODE: '600' }, { address: { path: '/tmp/unused.sock', mode: 0o600 }, url: 'unix:/tmp/unused.sock' }]
]

for (const [name, env, expected] of ADDRESSES) {
  await t.test(`the service listens on ${name}`, async (t) => {
    t.strictSame(await chooseAddress(readConfig(env, () => 1)), expected)
  })
}

await t.test('PORT=0 gives a free port that is not the port of a slot', async (t) => {
  for (const env of [{}, { SLOT_PORT_BASE: '1' }]) {
    const { port = 0, url } = await chooseAddress(readConfig({ PORT: '0', ...env }, () => 1))

    t.ok(port > 1024)
    t.equal(url, `http://127.0.0.1:${port}`)
  }
})

await t.test('PORT=0 skips ports that are in use, or may be those of slots', async (t) => {
  const find = async (env: Readonly<Record<string, string>> = {}) => (await chooseAddress(readConfig({ PORT: '0', ...env }, () => 1))).port as number
  const first = await find()
  const holder = createServer().listen(first, '127.0.0.1')
  await once(holder, 'listening')
  t.teardown(() => { holder.close() })
  const second = await find()

  t.not(second, first)
  const base = second - 1
  t.ok(await find({ SLOT_PORT_BASE: String(base) }).then((port) => port < base || port >= base + 1024))
})

await t.test('PORT=0 on an address that this machine does not have is an error', async (t) => {
  // 192.0.2.0/24 is reserved for documentation (RFC 5737).
  await t.rejects(chooseAddress(readConfig({ HOST: '192.0.2.1', PORT: '0' }, () => 1)), {
    code: 'BATON_PORT_UNUSABLE', message: /^cannot listen on port \d+ \(PORT\) of host 192\.0\.2\.1: .*EADDRNOTAVAIL/
  })
})
