import { createClientMix } from '../clients/client-mix.ts'
import { ExitCode, runCommand, type Surroundings } from '../command/command.ts'
import { parseCommandLine, STDOUT, USAGE, type CommandLine } from './command-line.ts'
import { commandText } from '../command/command-text.ts'
import { speaksHttp2 } from '../clients/http2/http2-probe.ts'
import { runLoad } from './load-run.ts'
import { describeMachine } from '../measure/machine.ts'
import { createDisplay, type Output } from '../display/progress-display.ts'
import type { Reloader } from '../service/reload.ts'
import type { Report } from '../measure/report.ts'
import { checkOutputs, writeOutputs } from '../report/run-outputs.ts'
import { createRunRecord } from '../report/run-record.ts'
import { RunningService } from '../service/running-service.ts'
import type { ServiceExit } from '../service/service-process.ts'
import { tellSettings } from '../service/service-settings.ts'
import { StartedService } from '../service/started-service.ts'
import { formatSummary } from '../display/summary.ts'
import { resolveTarget, type Target } from '../clients/target.ts'
import { traceUndici } from '../clients/library/undici-trace.ts'
import { UsageError } from '../command/usage-error.ts'
import { judge } from '../measure/verdict.ts'

/** Longer than the service gives its own workers. */
const START_TIMEOUT = 40_000
const STOP_TIMEOUT = 20_000
const PROBE_TIMEOUT = 5000

/** One call of the program: `stdout` is for people here, and elsewhere when the record goes there. */
interface Call extends Surroundings {
  readonly commandLine: CommandLine
  readonly command: string
  readonly startedAt: Date
  /** Where the record goes without a file. */
  readonly recordOutput: Output
}

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
  const run = async (commandLine: CommandLine): Promise<number> => {
    checkOutputs(commandLine)
    const call: Call = {
      ...surroundings,
      stdout: commandLine.json === STDOUT ? stderr : stdout,
      commandLine,
      command: commandText('load-test', args),
      startedAt: new Date(),
      recordOutput: stdout
    }
    return commandLine.url === undefined ? await loadOwnService(call) : await loadService(call, commandLine.url)
  }
  return await runCommand({ usage: USAGE, parse: parseCommandLine, run }, args, surroundings)
}

/** Starts the service and stops it, whatever happens in between. */
async function loadOwnService (call: Call): Promise<number> {
  const { env, signal } = call
  const program = call.commandLine.program ?? call.program
  const service = await StartedService.start(program, env, START_TIMEOUT, signal)
  let exit: ServiceExit
  let report: Report
  try {
    report = await load(call, {
      target: service.target, reloader: service, signal: AbortSignal.any([signal, service.process.gone])
    })
  } finally {
    exit = await service.process.stop(STOP_TIMEOUT)
  }
  if (exit.isUnasked || exit.code !== 0) call.stderr.write(`The service's last lines:\n${service.process.lastLines}\n`)
  return conclude(report, exit, call)
}

async function loadService (call: Call, url: URL): Promise<number> {
  const { commandLine, signal } = call
  const target = await resolveTarget(url)
  const reloader = commandLine.pid === undefined ? undefined : findService(commandLine.pid)
  return conclude(await load(call, { target, reloader, signal }), undefined, call)
}

function findService (pid: number): RunningService {
  try {
    return new RunningService(pid)
  } catch (error) {
    throw new UsageError(`--pid is ${pid}: ${(error as Error).message}`, { cause: error })
  }
}

async function load ({ commandLine, stdout, env }: Call, { target, reloader, signal }: Run): Promise<Report> {
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

function conclude (report: Report, exit: ServiceExit | undefined, call: Call): number {
  const { stdout, signal, commandLine, command, startedAt, env, recordOutput } = call
  const verdict = judge(report, { exit, isInterrupted: signal.aborted })
  stdout.write(`\n${formatSummary(report)}\n\n${verdict.sentence}\n`)
  const settings = commandLine.url === undefined ? { settings: tellSettings(env) } : {}
  writeOutputs(commandLine, recordOutput, () => {
    return createRunRecord(report, { verdict, command, startedAt, machine: describeMachine(), ...settings })
  })
  return verdict.isGood ? ExitCode.ok : ExitCode.failed
}
