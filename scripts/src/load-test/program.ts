import { createClientMix } from '../clients/client-mix.ts'
import { speaksHttp2 } from '../clients/http2/http2-probe.ts'
import { traceUndici } from '../clients/library/undici-trace.ts'
import { resolveTarget, type Target } from '../clients/target.ts'
import { ExitCode, UsageError } from '../command/command-error.ts'
import { commandText } from '../command/command-text.ts'
import { runCommand, type CommandContext } from '../command/command.ts'
import type { Output } from '../command/output.ts'
import { formatLoadSummary } from '../display/load-summary.ts'
import { createDisplay } from '../display/progress-display.ts'
import { readMachine } from '../measure/machine.ts'
import type { Report } from '../measure/report.ts'
import { judge } from '../measure/verdict.ts'
import { checkOutputs, writeOutputs } from '../report/run-outputs.ts'
import { createRunRecord } from '../report/run-record.ts'
import type { Reloader } from '../service/reload.ts'
import { RunningService } from '../service/running-service.ts'
import type { ServiceExit } from '../service/service-process.ts'
import { listSettings } from '../service/service-settings.ts'
import { StartedService } from '../service/started-service.ts'
import { parseCommandLine, STDOUT, USAGE, type CommandLine } from './command-line.ts'
import { runLoad } from './load-run.ts'

/** Longer than the start timeout that the service has for its own workers. */
const START_TIMEOUT = 40_000
const STOP_TIMEOUT = 20_000
const PROBE_TIMEOUT = 5000

/** `stdout` is for people: it is the standard error when the record goes to the standard output. */
interface LoadTestContext extends CommandContext {
  readonly commandLine: CommandLine
  readonly command: string
  readonly startedAt: Date
  /** Where the record goes when no file is given. */
  readonly recordOutput: Output
}

interface LoadedService {
  readonly target: Target
  readonly reloader: Reloader | undefined
  readonly signal: AbortSignal
}

/**
 * Runs the load test from its command line to its verdict.
 *
 * @returns the exit code
 */
export async function loadTest (args: readonly string[], context: CommandContext): Promise<number> {
  const { stdout, stderr } = context
  const run = async (commandLine: CommandLine): Promise<number> => {
    checkOutputs(commandLine)
    const loadTestContext: LoadTestContext = {
      ...context,
      stdout: commandLine.json === STDOUT ? stderr : stdout,
      commandLine,
      command: commandText('load-test', args),
      startedAt: new Date(),
      recordOutput: stdout
    }
    return commandLine.url === undefined ? await loadOwnService(loadTestContext) : await loadRunningService(loadTestContext, commandLine.url)
  }
  return await runCommand({ usage: USAGE, parse: parseCommandLine, run }, args, context)
}

/** Starts the service, and stops it also after an error. */
async function loadOwnService (context: LoadTestContext): Promise<number> {
  const { env, signal, stderr } = context
  const program = context.commandLine.program ?? context.program
  const service = await StartedService.start(program, env, START_TIMEOUT, signal)
  let exit: ServiceExit
  let report: Report
  try {
    report = await load(context, {
      target: service.target, reloader: service, signal: AbortSignal.any([signal, service.process.gone])
    })
  } finally {
    exit = await service.process.stop(STOP_TIMEOUT)
  }
  if (exit.isUnexpected || exit.code !== 0) stderr.write(`The last lines of the service:\n${service.process.lastLines}\n`)
  return finish(report, exit, context)
}

async function loadRunningService (context: LoadTestContext, url: URL): Promise<number> {
  const { commandLine, signal } = context
  const target = await resolveTarget(url)
  const reloader = commandLine.pid === undefined ? undefined : findService(commandLine.pid)
  return finish(await load(context, { target, reloader, signal }), undefined, context)
}

function findService (pid: number): RunningService {
  try {
    return new RunningService(pid)
  } catch (error) {
    throw new UsageError(`--pid is ${pid}: ${(error as Error).message}`, { cause: error })
  }
}

async function load ({ commandLine, stdout, env }: LoadTestContext, { target, reloader, signal }: LoadedService): Promise<Report> {
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

/** Prints and writes what the run found out. */
function finish (report: Report, exit: ServiceExit | undefined, context: LoadTestContext): number {
  const { stdout, signal, commandLine, command, startedAt, env, recordOutput } = context
  const verdict = judge(report, { exit, isInterrupted: signal.aborted })
  stdout.write(`\n${formatLoadSummary(report)}\n\n${verdict.sentence}\n`)
  const settings = commandLine.url === undefined ? { settings: listSettings(env) } : {}
  writeOutputs(commandLine, recordOutput, () => {
    return createRunRecord(report, { verdict, command, startedAt, machine: readMachine(), ...settings })
  })
  return verdict.isGood ? ExitCode.ok : ExitCode.failed
}
