import { createClientMix } from './client-mix.ts'
import { ExitCode, runCommand, type Command, type Surroundings } from './command.ts'
import { parseCommandLine, USAGE, type CommandLine } from './command-line.ts'
import { speaksHttp2 } from './http2-probe.ts'
import { runLoad } from './load-run.ts'
import { createDisplay } from './progress-display.ts'
import type { Reloader } from './reload.ts'
import type { Report } from './report.ts'
import { RunningService } from './running-service.ts'
import type { ServiceExit } from './service-process.ts'
import { StartedService } from './started-service.ts'
import { formatSummary } from './summary.ts'
import { resolveTarget, type Target } from './target.ts'
import { traceUndici } from './undici-trace.ts'
import { UsageError } from './usage-error.ts'
import { judge } from './verdict.ts'

/** Longer than the service gives its own workers. */
const START_TIMEOUT = 40_000
const STOP_TIMEOUT = 20_000
const PROBE_TIMEOUT = 5000

interface Run {
  readonly target: Target
  readonly reloader: Reloader | undefined
  readonly signal: AbortSignal
}

const COMMAND: Command<CommandLine> = {
  usage: USAGE,
  parse: parseCommandLine,
  run: async (commandLine, surroundings) => commandLine.url === undefined
    ? await loadOwnService(commandLine, surroundings)
    : await loadService(commandLine, commandLine.url, surroundings)
}

/**
 * The load test from its command line to its verdict.
 *
 * @returns the exit code
 */
export async function loadTest (args: readonly string[], surroundings: Surroundings): Promise<number> {
  return await runCommand(COMMAND, args, surroundings)
}

/** Starts the service and stops it, whatever happens in between. */
async function loadOwnService (commandLine: CommandLine, surroundings: Surroundings): Promise<number> {
  const { env, signal } = surroundings
  const program = commandLine.program ?? surroundings.program
  const service = await StartedService.start(program, env, START_TIMEOUT, signal)
  let exit: ServiceExit
  let report: Report
  try {
    report = await load(commandLine, surroundings, {
      target: service.target, reloader: service, signal: AbortSignal.any([signal, service.process.gone])
    })
  } finally {
    exit = await service.process.stop(STOP_TIMEOUT)
  }
  if (exit.isUnasked || exit.code !== 0) surroundings.stderr.write(`The service's last lines:\n${service.process.lastLines}\n`)
  return conclude(report, exit, surroundings)
}

async function loadService (commandLine: CommandLine, url: URL, surroundings: Surroundings): Promise<number> {
  const { signal } = surroundings
  const target = await resolveTarget(url)
  const reloader = commandLine.pid === undefined ? undefined : findService(commandLine.pid)
  return conclude(await load(commandLine, surroundings, { target, reloader, signal }), undefined, surroundings)
}

function findService (pid: number): RunningService {
  try {
    return new RunningService(pid)
  } catch (error) {
    throw new UsageError(`--pid is ${pid}: ${(error as Error).message}`, { cause: error })
  }
}

async function load (commandLine: CommandLine, { stdout, env }: Surroundings, { target, reloader, signal }: Run): Promise<Report> {
  const { connections, rate, duration, reloads, timeout, reloadTimeout } = commandLine
  const kinds = createClientMix(connections, { rate, hasHttp2: await speaksHttp2(target, PROBE_TIMEOUT) })
  const display = createDisplay(stdout, env)
  const stopTracing = traceUndici()
  const clients = kinds.reduce((sum, { count }) => sum + count, 0)
  stdout.write(`${clients} clients of ${kinds.length} kinds load ${target.origin} for ${duration / 1000} s, with ${reloads} reloads\n`)
  try {
    return await runLoad({
      target,
      reloader,
      kinds,
      duration,
      timeout,
      reloads,
      reloadTimeout,
      signal,
      onProgress: (progress) => { display.update(progress) },
      progressInterval: display.interval
    })
  } finally {
    stopTracing()
    display.clear()
  }
}

function conclude (report: Report, exit: ServiceExit | undefined, { stdout, signal }: Surroundings): number {
  const { isGood, sentence } = judge(report, { exit, isInterrupted: signal.aborted })
  stdout.write(`\n${formatSummary(report)}\n\n${sentence}\n`)
  return isGood ? ExitCode.ok : ExitCode.failed
}
