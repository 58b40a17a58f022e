import { createClientMix } from './client-mix.ts'
import { parseCommandLine, USAGE, type CommandLine } from './command-line.ts'
import { speaksHttp2 } from './http2-probe.ts'
import { runLoad } from './load-run.ts'
import { createDisplay, type Output } from './progress-display.ts'
import type { Reloader } from './reload.ts'
import type { Report } from './report.ts'
import { RunningService } from './running-service.ts'
import type { ServiceExit } from './service-process.ts'
import { ServiceStartError, StartedService } from './started-service.ts'
import { formatSummary } from './summary.ts'
import { resolveTarget, type Target } from './target.ts'
import { UsageError } from './usage-error.ts'
import { judge } from './verdict.ts'

export interface Surroundings {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: NodeJS.ProcessEnv
  /** The program to start when the command line names none. */
  readonly program: string
  /** Ends the run early. */
  readonly signal: AbortSignal
}

export const ExitCode = { ok: 0, failed: 1, usage: 64 } as const

/** Longer than the service gives its own workers. */
const START_TIMEOUT = 40_000
const STOP_TIMEOUT = 20_000
const PROBE_TIMEOUT = 5000

interface Run {
  readonly target: Target
  readonly reloader: Reloader | undefined
  readonly signal: AbortSignal
}

/**
 * The load test from its command line to its verdict.
 *
 * @returns the exit code
 */
export async function loadTest (args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr } = surroundings
  try {
    const commandLine = parseCommandLine(args)
    if (commandLine.wantsHelp) {
      stdout.write(USAGE)
      return ExitCode.ok
    }
    return commandLine.url === undefined
      ? await loadOwnService(commandLine, surroundings)
      : await loadService(commandLine, commandLine.url, surroundings)
  } catch (error) {
    if (error instanceof UsageError) {
      stderr.write(`${error.message} (--help lists the options)\n`)
      return ExitCode.usage
    }
    if (error instanceof ServiceStartError) {
      stderr.write(`${error.message}\n`)
      return ExitCode.failed
    }
    throw error
  }
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
    display.clear()
  }
}

function conclude (report: Report, exit: ServiceExit | undefined, { stdout, signal }: Surroundings): number {
  const { isGood, sentence } = judge(report, { exit, isInterrupted: signal.aborted })
  stdout.write(`\n${formatSummary(report)}\n\n${sentence}\n`)
  return isGood ? ExitCode.ok : ExitCode.failed
}
