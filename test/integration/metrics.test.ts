import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { measurePrograms } from '../helpers/built.ts'
import { growing, parseMetrics, sum, wentBackwards, type Samples } from '../helpers/exposition.ts'
import { hello, keepAlive, send } from '../helpers/http.ts'
import { serve, type Program, type ProgramOptions } from '../helpers/program.ts'
import { fixture } from '../helpers/root.ts'
import { DEADLINE, waitUntil } from '../helpers/wait-until.ts'

const FIXTURE = (name: string): string => fixture(`apps/${name}.js`)
const COUNT = 'http_request_duration_seconds_count'

interface Measured {
  readonly program: Program
  readonly scrape: () => Promise<Samples>
  readonly text: () => Promise<string>
}

async function measure (t: Test, { env = {}, ...options }: ProgramOptions = {}): Promise<Measured> {
  const program = await serve(t, { env: { METRICS_PORT: '0', CONTROL_SOCKET: 'off', ...env }, ...options })
  const url = `${String(program.find(({ event }) => event === 'server:ready')?.metrics)}/metrics`
  const text = async (): Promise<string> => {
    const { status, headers, body } = await send(url)
    if (status !== 200 || headers['content-type'] !== 'text/plain; version=0.0.4; charset=utf-8') throw new Error(`${status} ${headers['content-type']}: ${body}`)
    return body
  }
  return { program, text, scrape: async () => parseMetrics(await text()) }
}

/** On a busy machine a worker may be late with its answer: its measurements are in a later scrape then. */
async function settled (scrape: () => Promise<Samples>, isMet: (samples: Samples) => boolean): Promise<Samples> {
  const end = performance.now() + DEADLINE
  let samples = await scrape()
  while (!isMet(samples) && performance.now() < end) samples = await scrape()
  return samples
}

/** Scrapes without end; what a counter lost from one scrape to the next is remembered. */
function watch (t: Test, text: () => Promise<string>): { readonly stop: () => Promise<{ scrapes: number, lost: string[] }> } {
  const end = new AbortController()
  const lost: string[] = []
  let scrapes = 0
  const watching = (async () => {
    let before: Samples = new Map()
    while (!end.signal.aborted) {
      const now = await text()
      const samples = parseMetrics(now)
      lost.push(...wentBackwards(before, samples, growing(now)))
      before = samples
      scrapes++
      // Workers are to start meanwhile.
      await pause(50)
    }
  })()
  watching.catch(() => {})
  const stop = async (): Promise<{ scrapes: number, lost: string[] }> => {
    end.abort()
    await watching
    return { scrapes, lost }
  }
  t.teardown(() => { end.abort() })
  return { stop }
}

/** Asks on keep-alive connections without end, and counts the answers. */
function load (t: Test, url: string, clients = 4): { answers: number, failures: number, readonly stop: () => Promise<void> } {
  const end = new AbortController()
  t.teardown(() => { end.abort() })
  const loading = Array.from({ length: clients }, async () => {
    const agent = keepAlive()
    while (!end.signal.aborted) {
      await send(url, { agent }).then(() => { counts.answers++ }, () => { counts.failures++ })
      await pause(5)
    }
    agent.destroy()
  })
  const counts = { answers: 0, failures: 0, stop: async () => { end.abort(); await Promise.all(loading) } }
  return counts
}

await t.test('counters never go backwards, and count every answer, over reloads, a crash and fewer workers', async (t) => {
  const { program, scrape, text } = await measure(t, { env: { EXAMPLE_CRASH: 'true', CANARY_MS: '0', KEEP_ALIVE_TIMEOUT_MS: '2000' } })
  const clients = load(t, program.url)
  const scrapes = watch(t, text)

  for (let reload = 0; reload < 2; reload++) t.equal((await program.reload()).event, 'reload:completed')
  program.child.kill('SIGTTIN')
  await program.event('worker:ready', 7)
  program.child.kill('SIGTTOU')
  await program.event('worker:exited', 5)
  await clients.stop()
  // A scrape may share what another one has begun before the last answers.
  const { scrapes: number, lost } = await scrapes.stop()
  const before = await settled(scrape, (samples) => sum(samples, COUNT) >= clients.answers)
  await send(`${program.url}/crash`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"signal":"SIGKILL"}' }).catch(() => {})
  await program.event('worker:ready', 8)
  const last = await text()
  const after = parseMetrics(last)

  t.strictSame(lost, [])
  t.strictSame(wentBackwards(before, after, growing(last)), [])
  t.ok(number > 3, `${number} scrapes`)
  t.equal(clients.failures, 0)
  t.equal(sum(before, COUNT, 'method="GET"', 'route="/"', 'status="200"'), clients.answers)
  t.equal(after.get('baton_reloads_total{result="completed"}'), 2)
  t.equal(after.get('baton_reload_duration_seconds_count'), 2)
  t.equal(after.get('baton_drain_duration_seconds_count'), 5)
  t.equal(after.get('baton_restarts_total{reason="signal"}'), 1)
  t.equal(after.get('baton_generation'), 3)
})

await t.test('a thousand unknown paths are one label', async (t) => {
  measurePrograms(t)
  const { program, scrape } = await measure(t)
  const agent = keepAlive()

  for (let path = 0; path < 1000; path++) await send(`${program.url}/nowhere/${path}`, { agent })
  agent.destroy()
  const samples = await settled(scrape, (found) => sum(found, COUNT) >= 1000)

  t.strictSame([...samples].filter(([name]) => name.startsWith(COUNT)), [[`${COUNT}{method="GET",route="unknown",status="404"}`, 1000]])
})

await t.test('a worker that hangs does not hold up a scrape', async (t) => {
  const { program, scrape } = await measure(t, { args: [FIXTURE('hangs')], env: { HEARTBEAT_TIMEOUT_MS: '5000' } })
  await scrape()
  const hung = send(`${program.url}/hang`).catch(() => {})

  let scrapes = 0
  while (program.events('worker:hung').length === 0) {
    const samples = await scrape()
    t.ok(samples.has('baton_generation'))
    scrapes++
  }

  t.ok(scrapes > 1, `${scrapes} scrapes`)
  await hung
  await program.event('worker:ready', 3)
  t.equal((await scrape()).get('baton_restarts_total{reason="hang"}'), 1)
})

await t.test('a worker that floods the channel starves no other worker', async (t) => {
  const { program, scrape } = await measure(t, { args: [FIXTURE('floods-the-channel')], env: { CANARY_MS: '0', KEEP_ALIVE_TIMEOUT_MS: '500', DRAIN_TIMEOUT_MS: '5000' } })
  const flooder = JSON.parse((await send(`${program.url}/flood`)).body)

  const answered = new Set<number>()
  while (answered.size < 2) answered.add((await hello(program.url)).pid)
  const samples = await scrape()
  const reload = await program.reload()
  await waitUntil(() => program.events('worker:exited').some(({ pid }) => pid === flooder.pid), () => 'the end of the one that floods')

  t.equal(samples.get('baton_workers{state="ready"}'), 2)
  t.equal(reload.event, 'reload:completed')
  t.equal(program.events('worker:hung').length, 0)
  t.match(await hello(program.url), { generation: 2 })
})

await t.test('the control socket serves the same, when no port does', async (t) => {
  measurePrograms(t)
  // The path of a socket has to be short.
  const folder = mkdtempSync(join(tmpdir(), 'baton-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const socketPath = join(folder, 'control.sock')
  const program = await serve(t, { env: { CONTROL_SOCKET: socketPath } })
  await hello(program.url)

  const memory = (samples: Samples): number => sum(samples, 'process_resident_memory_bytes', 'slot="0"')
  const samples = await settled(async () => parseMetrics((await send('http://baton/metrics', { socketPath })).body),
    (found) => sum(found, COUNT) >= 1 && memory(found) > 0)

  t.equal(sum(samples, COUNT), 1)
  t.ok(memory(samples) > 0)
})

const isInstalled = spawnSync('promtool', ['--version']).status === 0

await t.test('promtool accepts the metrics', { skip: isInstalled ? false : 'promtool is not installed' }, async (t) => {
  const { program, text } = await measure(t, { env: { WORKERS: '1', CANARY_MS: '0' } })
  await hello(program.url)
  await program.reload()
  const promtool = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  promtool.stdout.on('data', (chunk) => { said += String(chunk) })
  promtool.stderr.on('data', (chunk) => { said += String(chunk) })

  promtool.stdin.end(await text())
  const [code] = await once(promtool, 'close')

  t.equal(said, '')
  t.equal(code, 0)
})
