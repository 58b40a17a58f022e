import { randomInt } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { createWriteStream } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

import { ExitCode, runCommand, type Surroundings } from '../command/command.ts'
import { createClientMix } from '../clients/client-mix.ts'
import type { ClientKind } from '../clients/client-kind.ts'
import { ServiceProcess } from '../service/service-process.ts'
import { createTarget, type Target } from '../clients/target.ts'
import { traceUndici } from '../clients/library/undici-trace.ts'
import { ChaosLedger } from './chaos-ledger.ts'
import { parseCommandLine, USAGE, type CommandLine } from './command-line.ts'
import { checkPool, isAlive, waitFor } from './final-check.ts'
import { Hand } from './hand.ts'
import { PoolWatch } from './pool-watch.ts'
import { LARGEST_SEED, Random } from './random.ts'
import { GOOD, HANGS, LAST, Releases } from './releases.ts'
import { formatSummary } from './summary.ts'
import { Timeline } from './timeline.ts'

const HOST = '127.0.0.1'
const WORKERS = 3
const START_TIMEOUT = 40_000
/** Of the last reload, which may have to wait until workers that hang have been killed. */
const LAST_RELOAD_TIMEOUT = 60_000
const POOL_TIMEOUT = 5000
const STOP_TIMEOUT = 20_000
const MAX_REQUESTS_PER_CLIENT = 10_000_000

/** Short, so that much happens in a short run; a start gets longer, because it shares the processors with all of it. */
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
  // Shedding answers 503 by design, and so many starts on so few processors would set it off.
  MAX_EVENT_LOOP_DELAY_MS: 'off'
}

interface Run {
  readonly seed: number
  readonly random: Random
  readonly commandLine: CommandLine
  readonly releases: Releases
  readonly service: ServiceProcess
  readonly pool: PoolWatch
  readonly timeline: Timeline
  readonly surroundings: Surroundings
}

/**
 * The chaos run from its command line to its verdict.
 *
 * @returns the exit code
 */
export async function chaos (args: readonly string[], surroundings: Surroundings): Promise<number> {
  return await runCommand({ usage: USAGE, parse: parseCommandLine, run: runChaos }, args, surroundings)
}

/** Makes the releases and starts the service, and leaves neither behind. */
async function runChaos (commandLine: CommandLine, surroundings: Surroundings): Promise<number> {
  const { stdout, env } = surroundings
  const seed = commandLine.seed ?? randomInt(LARGEST_SEED)
  const program = resolve(commandLine.program ?? surroundings.program)
  const releases = new Releases(pathToFileURL(join(dirname(program), 'app', 'index.js')).href)
  const timeline = new Timeline()
  const pool = new PoolWatch(GOOD[0])
  const service = new ServiceProcess(program, {
    ...env,
    ...SETTINGS,
    DRAIN_TIMEOUT_MS: String(Math.round(commandLine.timeout * 0.8)),
    KEEP_ALIVE_TIMEOUT_MS: String(Math.round(commandLine.timeout * 0.4))
  }, [releases.application])
  const log = commandLine.log === undefined ? undefined : createWriteStream(commandLine.log)
  const stopTracing = traceUndici()
  service.onLine((line, text) => {
    pool.hear(line, performance.now())
    timeline.hear(line)
    log?.write(`${text}\n`)
  })

  stdout.write(`chaos for ${commandLine.duration / 1000} s with the seed ${seed}\n`)
  try {
    return await conduct({ seed, random: new Random(seed), commandLine, releases, service, pool, timeline, surroundings })
  } finally {
    stopTracing()
    await service.stop(STOP_TIMEOUT)
    log?.end()
    releases.remove()
  }
}

async function conduct (run: Run): Promise<number> {
  const { seed, commandLine, service, pool, timeline, surroundings: { stdout, stderr, signal } } = run
  const over = AbortSignal.any([signal, service.gone])
  setMaxListeners(0, over)
  await waitFor(() => pool.port !== undefined, START_TIMEOUT, over)
  if (pool.port === undefined) {
    stderr.write(`the service does not serve; its last lines:\n${service.lastLines}\n`)
    return ExitCode.failed
  }

  const target = createTarget(HOST, pool.port)
  const kinds = createClientMix(commandLine.connections)
  const ledger = new ChaosLedger(kinds)
  const hand = new Hand({
    pool,
    signal: (name) => { service.signal(name) },
    signalWorker: (worker, name) => {
      if (name === 'SIGKILL') worker.killedAt = performance.now()
      return kill(worker.pid, name)
    },
    switchTo: (release) => { run.releases.switchTo(release) },
    note: (text) => { timeline.note(text) }
  }, run.random)
  const startedAt = performance.now()
  const problems = await load(run, target, kinds, ledger, async () => {
    // Not `AbortSignal.timeout()`: Node 20 collects one that only `AbortSignal.any()` holds.
    const enough = new AbortController()
    const timer = setTimeout(() => { enough.abort() }, commandLine.duration)
    await hand.run(AbortSignal.any([over, enough.signal]))
    clearTimeout(timer)
    return over.aborted ? [] : await settle(run, target, over)
  })
  problems.push(...await end(run))

  const judgement = ledger.judge(pool.deaths)
  const failures = judgement.failed.length
  if (failures > 0) problems.unshift(`${failures.toLocaleString('en')} of ${judgement.requests.toLocaleString('en')} requests failed`)
  if (judgement.requests === 0) problems.unshift('no request was answered')
  if (signal.aborted) problems.unshift('the run was interrupted')
  const excused = [...judgement.excused.values()].reduce((sum, number) => sum + number, 0)
  const summary = formatSummary({ judgement, moves: hand.counts, reloads: pool.reloads, workers: pool.all.length, startedAt, timeline })
  stdout.write(`\n${summary}\n\n${problems.length > 0
    ? `FAILED: ${problems.join('; ')}.`
    : `No request failed of ${judgement.requests.toLocaleString('en')}, but ${excused.toLocaleString('en')} on connections of workers that died.`
  } The seed was ${seed}.\n`)
  return problems.length === 0 ? ExitCode.ok : ExitCode.failed
}

/** Runs all clients for as long as `work` takes. */
async function load<T> (
  { commandLine: { timeout }, seed }: Run, target: Target, kinds: readonly ClientKind[], ledger: ChaosLedger, work: () => Promise<T>
): Promise<T> {
  const stop = new AbortController()
  // Every pause of every client listens to it.
  setMaxListeners(0, stop.signal)
  // Not the hand's: how often clients draw depends on how quick the service is.
  const random = new Random(seed)
  const recorder = {
    answered: ledger.answered.bind(ledger), failed: ledger.failed.bind(ledger), unprocessed: () => {}, identified: () => {}
  }
  const clients = Promise.all(kinds.map((kind) => kind.run({
    target, timeout, recorder, signal: stop.signal, maxRequests: MAX_REQUESTS_PER_CLIENT, random: () => random.next()
  })))
  const worked = work()
  try {
    // Clients end first only for a fault of theirs.
    await Promise.race([worked, clients])
    return await worked
  } finally {
    stop.abort()
    await clients
  }
}

/** The hand is at rest: the last release must come to stay. */
async function settle ({ releases, service, pool, timeline }: Run, target: Target, over: AbortSignal): Promise<string[]> {
  releases.switchTo(LAST)
  timeline.note('the last SIGHUP')
  service.signal('SIGHUP')
  await waitFor(() => pool.outcomeOf(LAST) !== undefined, LAST_RELOAD_TIMEOUT, over)
  if (pool.outcomeOf(LAST) !== 'completed') return [`the last reload ${pool.outcomeOf(LAST) ?? 'did not end in time'}`]
  return await checkPool(target, pool, WORKERS, POOL_TIMEOUT)
}

/** Stops the service and looks what is left of it. */
async function end ({ service, pool, timeline }: Run): Promise<string[]> {
  if (service.gone.aborted) {
    const { code, signal } = await service.exited
    return [`the service ended with ${signal ?? `code ${code}`} during the run`]
  }
  // One that hangs answers nobody, and is killed by the stop, which then cannot say that no request was cut.
  const isCutAllowed = pool.alive.some(({ release }) => release === HANGS)
  timeline.note('the stop')
  service.signal('SIGTERM')
  const stopped = await Promise.race([service.exited, sleep(STOP_TIMEOUT, undefined, { ref: false })])
  if (stopped === undefined) return ['the service did not stop in time after SIGTERM']

  const left = pool.all.filter(({ pid }) => isAlive(pid))
  return [
    ...stopped.code === 0 || (isCutAllowed && stopped.code === 1) ? [] : [`the service ended with ${stopped.signal ?? `code ${stopped.code}`} instead of 0`],
    ...left.map(({ slot, generation, pid }) => `the worker ${slot}/${generation}/${pid} is left`)
  ]
}

function kill (pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
