import { randomInt } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { createWriteStream } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

import type { ClientKind } from '../clients/client-kind.ts'
import { createClientMix } from '../clients/client-mix.ts'
import { traceUndici } from '../clients/library/undici-trace.ts'
import { createTarget, type Target } from '../clients/target.ts'
import { ExitCode } from '../command/command-error.ts'
import { runCommand, type CommandContext } from '../command/command.ts'
import { formatCount } from '../display/number-format.ts'
import { ServiceProcess } from '../service/service-process.ts'
import { waitFor } from '../service/wait-for.ts'
import { ChaosLedger } from './chaos-ledger.ts'
import { parseCommandLine, USAGE, type CommandLine } from './command-line.ts'
import { EventLog } from './event-log.ts'
import { checkPool } from './final-check.ts'
import { ChaosMonkey } from './monkey.ts'
import { PoolWatch } from './pool-watch.ts'
import { LARGEST_SEED, Random } from './random.ts'
import { GOOD_RELEASES, HANGS_WHEN_READY, LAST_RELEASE, Releases } from './releases.ts'
import { formatChaosSummary } from './summary.ts'

const HOST = '127.0.0.1'
const WORKERS = 3
const START_TIMEOUT = 40_000
/** The last reload may have to wait until hung workers have been killed. */
const LAST_RELOAD_TIMEOUT = 60_000
const POOL_TIMEOUT = 5000
const STOP_TIMEOUT = 20_000
const MAX_REQUESTS_PER_CLIENT = 10_000_000

/**
 * Short, so that much happens in a short run; a start has more time, because it shares the processors with everything
 * else.
 */
const SETTINGS = {
  HOST,
  PORT: '0',
  WORKERS: String(WORKERS),
  LOG_LEVEL: 'info',
  WORKER_HEADER: 'true',
  START_TIMEOUT_MS: '8000',
  CANARY_MS: '500',
  HEARTBEAT_TIMEOUT_MS: '3000',
  MAX_RESTARTS: '5',
  RESTART_WINDOW_MS: '10000',
  GIVE_UP_MS: '60000',
  // Shedding answers 503 by design, and this many starts on few processors would trigger it.
  MAX_EVENT_LOOP_DELAY_MS: 'off'
}

interface Run {
  readonly seed: number
  readonly random: Random
  readonly commandLine: CommandLine
  readonly releases: Releases
  readonly service: ServiceProcess
  readonly pool: PoolWatch
  readonly events: EventLog
  readonly context: CommandContext
}

/**
 * Runs the chaos test from its command line to its verdict.
 *
 * @returns the exit code
 */
export async function chaos (args: readonly string[], context: CommandContext): Promise<number> {
  return await runCommand({ usage: USAGE, parse: parseCommandLine, run: runChaos }, args, context)
}

/** Creates the releases and starts the service; removes and stops them at the end. */
async function runChaos (commandLine: CommandLine, context: CommandContext): Promise<number> {
  const { stdout, env } = context
  const seed = commandLine.seed ?? randomInt(LARGEST_SEED)
  const program = resolve(commandLine.program ?? context.program)
  const releases = new Releases(pathToFileURL(join(dirname(program), 'app', 'index.js')).href)
  const events = new EventLog()
  const pool = new PoolWatch(GOOD_RELEASES[0])
  const service = new ServiceProcess(program, {
    ...env,
    ...SETTINGS,
    DRAIN_TIMEOUT_MS: String(Math.round(commandLine.timeout * 0.8)),
    KEEP_ALIVE_TIMEOUT_MS: String(Math.round(commandLine.timeout * 0.4))
  }, [releases.application])
  const log = commandLine.log === undefined ? undefined : createWriteStream(commandLine.log)
  const stopTracing = traceUndici()
  service.onLine((line, text) => {
    pool.observe(line, performance.now())
    events.observe(line)
    log?.write(`${text}\n`)
  })

  stdout.write(`chaos for ${commandLine.duration / 1000} s with seed ${seed}\n`)
  try {
    return await runMonkey({ seed, random: new Random(seed), commandLine, releases, service, pool, events, context })
  } finally {
    stopTracing()
    await service.stop(STOP_TIMEOUT)
    log?.end()
    releases.remove()
  }
}

async function runMonkey (run: Run): Promise<number> {
  const { seed, commandLine, service, pool, events, context: { stdout, stderr, signal } } = run
  const over = AbortSignal.any([signal, service.gone])
  setMaxListeners(0, over)
  await waitFor(() => pool.port !== undefined, START_TIMEOUT, over)
  if (pool.port === undefined) {
    stderr.write(`the service does not listen; its last lines:\n${service.lastLines}\n`)
    return ExitCode.failed
  }

  const target = createTarget(HOST, pool.port)
  const kinds = createClientMix(commandLine.connections)
  const ledger = new ChaosLedger(kinds)
  const monkey = new ChaosMonkey({
    pool,
    signal: (name) => { service.signal(name) },
    signalWorker: (worker, name) => {
      if (name === 'SIGKILL') worker.killedAt = performance.now()
      return kill(worker.pid, name)
    },
    switchTo: (release) => { run.releases.switchTo(release) },
    note: (text) => { events.note(text) }
  }, run.random)
  const startedAt = performance.now()
  const problems = await load(run, target, kinds, ledger, async () => {
    // Not `AbortSignal.timeout()`: Node 20 garbage-collects a signal that only `AbortSignal.any()` refers to.
    const enough = new AbortController()
    const timer = setTimeout(() => { enough.abort() }, commandLine.duration)
    await monkey.run(AbortSignal.any([over, enough.signal]))
    clearTimeout(timer)
    return over.aborted ? [] : await deployLast(run, target, over)
  })
  problems.push(...await end(run))

  const judgement = ledger.judge(pool.deaths)
  const failures = judgement.failed.length
  if (failures > 0) problems.unshift(`${formatCount(failures)} of ${formatCount(judgement.requests)} requests failed`)
  if (judgement.requests === 0) problems.unshift('no request was answered')
  if (signal.aborted) problems.unshift('the run was interrupted')
  const lost = [...judgement.lost.values()].reduce((sum, number) => sum + number, 0)
  const summary = formatChaosSummary({ judgement, moves: monkey.counts, reloads: pool.reloads, workers: pool.all.length, startedAt, events })
  stdout.write(`\n${summary}\n\n${problems.length > 0
    ? `FAILED: ${problems.join('; ')}.`
    : `None of ${formatCount(judgement.requests)} requests failed, except ${formatCount(lost)} on connections of workers that died.`
  } The seed was ${seed}.\n`)
  return problems.length === 0 ? ExitCode.ok : ExitCode.failed
}

/** Runs all clients for as long as `work` takes. */
async function load<T> (
  { commandLine: { timeout }, seed }: Run, target: Target, kinds: readonly ClientKind[], ledger: ChaosLedger, work: () => Promise<T>
): Promise<T> {
  const stop = new AbortController()
  // Every pause of every client adds a listener.
  setMaxListeners(0, stop.signal)
  // Not the monkey's: how often clients draw a number depends on how quick the service is.
  const random = new Random(seed)
  const recorder = {
    answered: ledger.answered.bind(ledger), failed: ledger.failed.bind(ledger), unprocessed: () => {}, identified: () => {}
  }
  const clients = Promise.all(kinds.map((kind) => kind.run({
    target, timeout, recorder, signal: stop.signal, maxRequests: MAX_REQUESTS_PER_CLIENT, random: () => random.next()
  })))
  const worked = work()
  try {
    // Clients end first only when one of them has a bug.
    await Promise.race([worked, clients])
    return await worked
  } finally {
    stop.abort()
    await clients
  }
}

/** Deploys the last release after the monkey has stopped, and checks that it runs everywhere. */
async function deployLast ({ releases, service, pool, events }: Run, target: Target, over: AbortSignal): Promise<string[]> {
  releases.switchTo(LAST_RELEASE)
  events.note('the last SIGHUP')
  service.signal('SIGHUP')
  await waitFor(() => pool.outcomeOf(LAST_RELEASE) !== undefined, LAST_RELOAD_TIMEOUT, over)
  if (pool.outcomeOf(LAST_RELEASE) !== 'completed') return [`the last reload ${pool.outcomeOf(LAST_RELEASE) ?? 'did not end in time'}`]
  return await checkPool(target, pool, WORKERS, POOL_TIMEOUT)
}

/** Stops the service and checks that nothing is left of it. */
async function end ({ service, pool, events }: Run): Promise<string[]> {
  if (service.gone.aborted) {
    const { code, signal } = await service.exited
    return [`the service exited with ${signal ?? `code ${code}`} during the run`]
  }
  // A hung worker is killed by the stop, which then reports that requests may have been cut.
  const isCutAllowed = pool.alive.some(({ release }) => release === HANGS_WHEN_READY)
  events.note('the stop')
  service.signal('SIGTERM')
  const stopped = await Promise.race([service.exited, sleep(STOP_TIMEOUT, undefined, { ref: false })])
  if (stopped === undefined) return ['the service did not stop in time after SIGTERM']

  const left = pool.all.filter(({ pid }) => isAlive(pid))
  return [
    ...stopped.code === 0 || (isCutAllowed && stopped.code === 1) ? [] : [`the service exited with ${stopped.signal ?? `code ${stopped.code}`} instead of 0`],
    ...left.map(({ slot, generation, pid }) => `worker ${slot}/${generation}/${pid} is still running`)
  ]
}

/** @returns whether the process exists */
function isAlive (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function kill (pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
