import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { hello, keepAlive, type Hello } from '../helpers/http.ts'
import { describe, MalformedClient, type Reaction } from '../helpers/malformed-client.ts'
import { malformedRequests, type MalformedRequest } from '../helpers/malformed.ts'
import { serve, type Program } from '../helpers/program.ts'
import { connectRaw, request, type RawClient } from '../helpers/raw-client.ts'
import { createRelease } from '../helpers/release.ts'
import { startTraffic } from '../helpers/traffic.ts'
import { ask } from '../primary/control/asking.ts'

/** For a long run: MALFORMED=5000 npx tap test/integration/malformed.test.ts; with MALFORMED_SEED, the same bytes again. */
const count = Number(process.env.MALFORMED ?? 150)
const seed = Number(process.env.MALFORMED_SEED ?? randomInt(2 ** 31))
/** As many at once as a worker has to tell apart. */
const AT_ONCE = 25

/** Says in the log what it gets to see of them. */
const WITNESS = `
  import { setTimeout } from 'node:timers/promises'

  export default async function (fastify) {
    fastify.addHook('onRequest', async ({ url, log }, reply) => {
      if (url !== '/' && url !== '/echo') log.info({ event: 'seen', url })
      if (url.startsWith('/early/')) return reply.code(401).send()
    })
    fastify.addContentTypeParser('*', { parseAs: 'buffer' }, async (request, body) => body)
    fastify.get('/', async () => fastify.worker)
    fastify.post('/echo', async ({ body }) => body)
    fastify.get('/slow/*', async () => await setTimeout(50, 'slow'))
    fastify.all('/*', async ({ body }) => ({ bytes: body?.length ?? 0 }))
  }`

t.comment(`the seed is ${seed}`)

/** Sends them all, some at a time. */
async function sendAll (
  requests: readonly MalformedRequest[], open: () => Promise<MalformedClient>, read: () => Promise<void>
): Promise<Reaction[]> {
  const reactions: Reaction[] = []
  const left = [...requests]
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let request = left.shift(); request !== undefined; request = left.shift()) {
      const client = await open()
      reactions.push(await client.send(request, read))
    }
  }))
  return reactions
}

/** @returns what the application saw of each, by its id */
function seenBy (program: Program): Map<string, string[]> {
  const seen = new Map<string, string[]>()
  for (const { url } of program.events('seen')) {
    const id = /\/(\d{4})/.exec(String(url))?.[1] ?? ''
    seen.set(id, [...seen.get(id) ?? [], String(url)])
  }
  return seen
}

/** @returns what is wrong with how the service took them */
function problems (reactions: readonly Reaction[], seen: ReadonlyMap<string, readonly string[]> = new Map()): string[] {
  return reactions.flatMap(({ request, statuses, rest, end }) => {
    const urls = seen.get(request.id) ?? []
    const sent = request.pieces.join('').split(new RegExp(`(?<!/hidden)/${request.id}`)).length - 1
    const found = [
      ...urls.some((url) => url.includes('hidden')) ? [`the application saw ${urls.join()}`] : [],
      ...urls.length > sent ? [`the application saw ${urls.length} of ${sent} requests`] : [],
      ...rest === '' ? [] : [`there came ${JSON.stringify(rest)}`],
      ...['FIN', 'ECONNRESET', 'EPIPE'].includes(end) ? [] : [`the connection ended with ${end}`],
      ...statuses.filter((status) => status >= 500).map((status) => `the answer was ${status}`),
      ...request.isHopeless && statuses.length > sent + 1 ? [`there were ${statuses.length} answers`] : []
    ]
    return found.map((problem) => `${problem}; ${end} after [${statuses.join()}] to ${describe(request)}`)
  })
}

await t.test('malformed requests get an error or a close from a worker that serves, and others their answers', async (t) => {
  const program = await serve(t, { args: [createRelease(t, WITNESS).path], env: { WORKERS: '1' } })
  const { pid } = await hello(program.url)
  const agent = keepAlive()
  t.teardown(() => { agent.destroy() })
  const traffic = startTraffic(t, { port: program.port, count: 1 })

  const reactions = await sendAll(malformedRequests(seed, count),
    async () => await MalformedClient.open(t, { host: '127.0.0.1', port: program.port }),
    async () => { await hello(program.url, { agent }) })

  t.equal((await hello(program.url, { agent })).pid, pid)
  t.strictSame(await traffic.end(), [])
  t.strictSame(problems(reactions, seenBy(program)), [])
  t.strictSame(program.events('worker:exited'), [])
})

await t.test('malformed requests get an error or a close from a worker that drains, and others their answers', async (t) => {
  const requests = malformedRequests(seed + 1, count)
  const program = await serve(t, { args: [createRelease(t, WITNESS).path], env: { WORKERS: '1', DRAIN_TIMEOUT_MS: '120000' } })
  const { pid } = await hello(program.url)
  const clients = await Promise.all(requests.map(async () => {
    return await MalformedClient.open(t, { host: '127.0.0.1', port: program.port })
  }))
  // Each is good for one answer, because that closes.
  const others = await Promise.all(requests.map(async () => await connectRaw(t, program.port)))
  // Round-robin hands them over in the order in which they came.
  t.equal((await hello(program.url)).pid, pid)
  t.match(await program.reload(), { event: 'reload:completed' })
  const traffic = startTraffic(t, { port: program.port, count: 1 })

  const served: string[] = []
  const askOld = async (): Promise<void> => {
    const { status, headers, body } = await (others.pop() as RawClient).send(request('GET /')).answer()
    served.push(`${status} ${headers.connection} ${(JSON.parse(body) as Hello).pid}`)
  }
  const reactions = await sendAll(requests, async () => clients.pop() as MalformedClient, askOld)
  while (others.length > 0) await askOld()

  t.strictSame(await traffic.end(), [])
  t.strictSame(problems(reactions, seenBy(program)), [])
  t.strictSame([...new Set(served)], [`200 close ${pid}`])
  t.match(await program.event('worker:drained'), { pid })
  t.match(await program.event('worker:exited'), { pid, code: 0, signal: null })
})

await t.test('malformed requests to the control socket do the service nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'baton-malformed-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const path = join(folder, 'control.sock')
  const program = await serve(t, { env: { WORKERS: '1', CONTROL_SOCKET: path } })
  const { pid } = await hello(program.url)

  const reactions = await sendAll(malformedRequests(seed + 2, count),
    async () => await MalformedClient.open(t, { path }),
    async () => { await ask(path, '/status') })

  t.strictSame(problems(reactions), [])
  t.match(await ask(path, '/status'), { status: 200, json: { pid: program.pid, state: 'running' } })
  t.match(await ask(path, '/reload', { method: 'POST' }), { status: 200 })
  t.not((await hello(program.url)).pid, pid)
})
