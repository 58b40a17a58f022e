import { Agent } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { hello, send } from '../helpers/http.ts'
import { Http2Client } from '../helpers/http2-client.ts'
import { serve } from '../helpers/program.ts'
import { pair, pem } from '../helpers/tls.ts'

const ONE = { ca: pair('one').cert }
const PAIR = { TLS_CERT_FILE: pem('one-cert'), TLS_KEY_FILE: pem('one-key') }

/** Does it again and again until it is told to stop, and notes what fails. */
function keepDoing (act: () => Promise<unknown>): { readonly done: number, readonly failures: unknown[], readonly stop: () => Promise<void> } {
  const state = { done: 0, failures: [] as unknown[], isOver: false }
  const run = (async () => {
    while (!state.isOver) {
      await act().then(() => { state.done++ }, (error: unknown) => { state.failures.push(error) })
      // It leaves the processors to the reload.
      await pause(10)
    }
  })()
  return Object.assign(state, { stop: async () => { state.isOver = true; await run } })
}

for (const HTTP2 of ['false', 'true']) {
  const over = HTTP2 === 'true' ? 'HTTP/2 and HTTP/1.1 beside it' : 'HTTPS'

  await t.test(`a reload fails no request over ${over}, three times in a row`, async (t) => {
    const program = await serve(t, { env: { ...PAIR, HTTP2, CANARY_MS: '100' } })
    t.match(program.url, /^https:\/\/127\.0\.0\.1:\d+$/)
    const agents = Array.from({ length: 3 }, () => new Agent({ keepAlive: true, maxSockets: 1, ...ONE }))
    const clients = HTTP2 === 'true' ? Array.from({ length: 3 }, () => new Http2Client(program.url, ONE.ca)) : []
    t.teardown(() => {
      for (const client of [...agents, ...clients]) client.destroy()
    })
    const loads = [
      ...agents.map((agent) => keepDoing(async () => await hello(program.url, { ...ONE, agent }))),
      keepDoing(async () => await hello(program.url, ONE)),
      keepDoing(async () => await send(`${program.url}/stream?chunks=5&ms=20`, ONE)),
      ...clients.flatMap((client) => [
        keepDoing(async () => JSON.parse(await client.get('/'))),
        keepDoing(async () => {
          const lines = (await client.get('/stream?chunks=5&ms=20')).trim().split('\n')
          if (lines.length !== 5) throw new Error(`${lines.length} lines of a stream of 5`)
        })
      ])
    ]

    for (let count = 0; count < 3; count++) t.equal((await program.reload()).event, 'reload:completed')
    await Promise.all(loads.map(async ({ stop }) => { await stop() }))

    for (const { done, failures } of loads) {
      t.ok(done > 0)
      t.same(failures.map(String), [])
    }
    for (const client of clients) {
      t.ok(client.sessions > 1)
      t.comment(`${client.refused} streams refused and repeated, ${client.sessions} sessions`)
    }
  })
}
