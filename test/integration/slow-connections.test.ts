import t, { type Test } from 'tap'
import { hello } from '../helpers/http.ts'
import { serve } from '../helpers/program.ts'
import { connectRaw, request, type RawClient } from '../helpers/raw-client.ts'
import { createRelease } from '../helpers/release.ts'

/** What there is before the bytes that come one by one. */
const SLOW = {
  'that sends nothing': { first: '', isTrickling: false },
  'that sends its request line byte by byte': { first: 'GET /', isTrickling: true },
  'that sends its headers byte by byte': { first: 'GET / HTTP/1.1\r\nHost: test\r\nX: ', isTrickling: true },
  'that stops in its headers': { first: 'GET / HTTP/1.1\r\nHo', isTrickling: false },
  'that sends its body byte by byte': { first: request('POST /echo', { 'content-type': 'text/plain', 'content-length': '1000000' }), isTrickling: true },
  'that stops in a chunk': { first: `${request('POST /echo', { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' })}5\r\nhe`, isTrickling: false }
} as const

/** A byte a minute, as fast as the timeouts are short. */
const TRICKLE = 100

const app = (options: object): string => `
  export const options = ${JSON.stringify(options)}

  export default async function (fastify) {
    fastify.get('/', async () => fastify.worker)
    fastify.post('/echo', async ({ body }) => body)
  }`

/** Opens a connection that keeps its server waiting. */
async function startSlowly (t: Test, port: number, { first, isTrickling }: { first: string, isTrickling: boolean }): Promise<RawClient> {
  const client = await connectRaw(t, port)
  client.send(first)
  const timer = setInterval(() => { if (isTrickling && client.socket.writable) client.send('x') }, TRICKLE)
  t.teardown(() => { clearInterval(timer) })
  return client
}

/** @returns how each connection ended, by what it did */
async function endsOf (clients: ReadonlyArray<readonly [name: string, client: RawClient]>): Promise<Record<string, string>> {
  return Object.fromEntries(await Promise.all(clients.map(async ([name, client]) => {
    return [name, (await client.end()).replace(/ after "HTTP\/1.1 408 .*/, ' after 408')]
  })))
}

// They mostly wait.
t.jobs = 4

const byTimeouts = [false, true].map(async (isDraining) => {
  await t.test(`a worker that ${isDraining ? 'drains' : 'serves'} ends slow requests by the timeouts of its server`, async (t) => {
    // Longer than a reload takes, so that they are there when the drain begins.
    const headersTimeout = isDraining ? 5000 : 1000
    const { path } = createRelease(t, app({ requestTimeout: headersTimeout + 500, http: { headersTimeout, connectionsCheckingInterval: 100 } }))
    const program = await serve(t, { args: [path], env: { WORKERS: '1' } })
    const { pid } = await hello(program.url)
    const clients = await Promise.all(Object.entries(SLOW).map(async ([name, slow]) => [name, await startSlowly(t, program.port, slow)] as const))
    if (isDraining) t.match(await program.reload(), { event: 'reload:completed' })

    const ends = await endsOf(clients)

    for (const name of Object.keys(SLOW)) t.match(ends[name], /^(?:FIN|ECONNRESET)(?: after 408)?$/, `a connection ${name}`)
    if (isDraining) t.match(await program.event('worker:exited'), { pid, code: 0, signal: null, wasKilled: false })
    else t.equal((await hello(program.url)).pid, pid)
  })
})

const byDeadline = t.test('a drain ends connections without a whole request at its deadline, and is not killed for them', async (t) => {
  const program = await serve(t, { args: [createRelease(t, app({})).path], env: { WORKERS: '1', DRAIN_TIMEOUT_MS: '4000', KEEP_ALIVE_TIMEOUT_MS: '3000' } })
  const { pid } = await hello(program.url)
  const slow = Object.entries(SLOW).filter(([name]) => !/body|chunk/.test(name))
  const clients = await Promise.all(slow.map(async ([name, slow]) => [name, await startSlowly(t, program.port, slow)] as const))
  t.match(await program.reload(), { event: 'reload:completed' })

  const ends = await endsOf(clients)

  for (const [name] of slow) t.match(ends[name], /^(?:FIN|ECONNRESET)$/, `a connection ${name}`)
  t.match(await program.event('worker:drained'), { pid, closedAtDeadline: slow.length })
  t.match(await program.event('worker:exited'), { pid, code: 0, signal: null })
})

const byKill = t.test('an upload that comes byte by byte ends with the drain deadline at the latest, and nobody else with it', async (t) => {
  const program = await serve(t, { args: [createRelease(t, app({})).path], env: { WORKERS: '1', DRAIN_TIMEOUT_MS: '2000', KEEP_ALIVE_TIMEOUT_MS: '1000' } })
  const { pid } = await hello(program.url)
  const client = await startSlowly(t, program.port, SLOW['that sends its body byte by byte'])
  t.match(await program.reload(), { event: 'reload:completed' })

  t.match(await client.end(), /^(?:FIN|ECONNRESET)/)
  t.match(await program.event('worker:exited'), { pid, signal: 'SIGKILL', wasKilled: true })
  t.not((await hello(program.url)).pid, pid)
})

await Promise.all([...byTimeouts, byDeadline, byKill])
