import t, { type Test } from 'tap'
import { send } from '../helpers/http.ts'
import { startNginx, WITHOUT_NGINX } from '../helpers/nginx.ts'
import { serve, type Program } from '../helpers/program.ts'
import { findFreePorts } from '../helpers/slot-ports.ts'
import { createSocketPath } from '../helpers/socket-path.ts'
import { startTraffic, type Traffic } from '../helpers/traffic.ts'

const ENV = { WORKERS: '2', CANARY_MS: '100' }
const RELOADS = 5

/** Reloads under load, again and again. */
async function reloadUnder (t: Test, program: Program, traffics: readonly Traffic[]): Promise<void> {
  for (const traffic of traffics) await traffic.goesOn(50)
  for (let count = 0; count < RELOADS; count++) {
    t.equal((await program.reload()).event, 'reload:completed')
    for (const traffic of traffics) await traffic.goesOn(50)
  }
  for (const traffic of traffics) t.same(await traffic.end(), [])
}

await t.test('behind nginx on a port, reloads fail no request, and nginx has nothing to repeat', { skip: WITHOUT_NGINX }, async (t) => {
  const program = await serve(t, { env: ENV })
  const nginx = await startNginx(t, 'baton.conf', { '127.0.0.1:3000': `127.0.0.1:${program.port}` })

  await reloadUnder(t, program, [startTraffic(t, { port: nginx.port, count: 3 })])

  t.same(nginx.errors(), [])
  t.match(JSON.parse((await send(`http://127.0.0.1:${nginx.port}/`)).body), { generation: RELOADS + 1 })
})

await t.test('behind nginx on a UNIX socket, reloads fail no request, and nginx has nothing to repeat', { skip: WITHOUT_NGINX }, async (t) => {
  const path = createSocketPath(t)
  const program = await serve(t, { env: { ...ENV, LISTEN_SOCKET: path } })
  const nginx = await startNginx(t, 'baton.conf', { 'server 127.0.0.1:3000': `server unix:${path}` })

  await reloadUnder(t, program, [startTraffic(t, { port: nginx.port, count: 3 })])

  t.same(nginx.errors(), [])
  t.match(JSON.parse((await send(`http://127.0.0.1:${nginx.port}/`)).body), { generation: RELOADS + 1 })
})

await t.test('behind nginx with sticky sessions, reloads fail no request, and each session stays with its slot', { skip: WITHOUT_NGINX }, async (t) => {
  const base = await findFreePorts(2)
  const program = await serve(t, { env: { ...ENV, SLOT_PORT_BASE: String(base) } })
  const nginx = await startNginx(t, 'sticky.conf', { '127.0.0.1:4000': `127.0.0.1:${base}`, '127.0.0.1:4001': `127.0.0.1:${base + 1}` })
  const sessions = Array.from({ length: 20 }, (_, number) => ({ cookie: `session=user-${number}` }))
  const slotOf = async (headers: Readonly<Record<string, string>>): Promise<number> =>
    JSON.parse((await send(`http://127.0.0.1:${nginx.port}/`, { headers })).body).slot
  const slots = await Promise.all(sessions.map(slotOf))

  await reloadUnder(t, program, sessions.slice(0, 3).map((headers, number) => startTraffic(t, {
    port: nginx.port,
    headers,
    count: 1,
    check: (body) => { if (JSON.parse(body).slot !== slots[number]) throw new Error(`${headers.cookie} left slot ${slots[number]}: ${body}`) }
  })))

  t.same(nginx.errors(), [])
  t.same(new Set(slots), new Set([0, 1]), 'both slots have sessions')
  t.same(await Promise.all(sessions.map(slotOf)), slots)
})

await t.test('behind nginx with sticky sessions, an empty slot costs no client a request: another slot answers', { skip: WITHOUT_NGINX }, async (t) => {
  const base = await findFreePorts(2)
  const program = await serve(t, { env: { ...ENV, WORKERS: '1', SLOT_PORT_BASE: String(base) } })
  const nginx = await startNginx(t, 'sticky.conf', { '127.0.0.1:4000': `127.0.0.1:${base}`, '127.0.0.1:4001': `127.0.0.1:${base + 1}` })

  const answers = await Promise.all(Array.from({ length: 20 }, async (_, number) => await send(`http://127.0.0.1:${nginx.port}/echo`, {
    method: 'POST', body: 'once', headers: { cookie: `session=user-${number}`, 'content-type': 'text/plain' }
  })))

  t.same(new Set(answers.map(({ status, body }) => `${status} ${body}`)), new Set(['200 once']))
  t.ok(nginx.errors().some((line) => line.includes('connect() failed')), 'nginx tried the empty slot')
  t.equal(program.survivors().length, 2)
})
