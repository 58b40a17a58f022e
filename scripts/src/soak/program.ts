import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ClientKind } from '../clients/client-kind.ts'
import { busyKeepAlive } from '../clients/kinds/busy-keep-alive.ts'
import { freshConnections } from '../clients/kinds/fresh-connections.ts'
import { pipelined } from '../clients/kinds/pipelined.ts'
import { rawKeepAlivePaused } from '../clients/kinds/raw-keep-alive.ts'
import { slowRequests } from '../clients/kinds/slow-requests.ts'
import { uploads } from '../clients/kinds/uploads.ts'
import { ExitCode } from '../command/command-error.ts'
import { runCommand, type CommandContext } from '../command/command.ts'
import { formatLoadSummary } from '../display/load-summary.ts'
import { createDisplay } from '../display/progress-display.ts'
import { runLoad } from '../load-test/load-run.ts'
import type { Report } from '../measure/report.ts'
import { judge } from '../measure/verdict.ts'
import type { ServiceExit } from '../service/service-process.ts'
import { StartedService } from '../service/started-service.ts'
import { parseCommandLine, USAGE, type CommandLine } from './command-line.ts'
import { INSPECTOR_OPTION, Inspector } from './inspector.ts'
import { takeSample, type Sample } from './sample.ts'
import { SoakedService } from './soaked-service.ts'
import { findLeaks, formatSample, formatSamples } from './summary.ts'

const START_TIMEOUT = 40_000
const STOP_TIMEOUT = 20_000
const RELOAD_TIMEOUT = 60_000

/**
 * Reloads follow each other at once; old workers exit after their longest request, and idle connections soon after it.
 */
const SETTINGS = {
  WORKERS: '2',
  CANARY_MS: '0',
  KEEP_ALIVE_TIMEOUT_MS: '4000',
  DRAIN_TIMEOUT_MS: '20000',
  // Shedding answers 503 by design, and this many starts on few processors would trigger it.
  MAX_EVENT_LOOP_DELAY_MS: 'off'
}

/** Kinds of clients, and how many of each there are in sixteen clients. */
const MIX: ReadonlyArray<readonly [create: (count: number) => ClientKind, share: number]> = [
  [busyKeepAlive, 3], [rawKeepAlivePaused, 4], [freshConnections, 2], [pipelined, 1], [slowRequests, 3], [uploads, 3]
]

/**
 * Runs the soak test from its command line to its verdict.
 *
 * @returns the exit code
 */
export async function soak (args: readonly string[], context: CommandContext): Promise<number> {
  return await runCommand({ usage: USAGE, parse: parseCommandLine, run: runSoak }, args, context)
}

/** Starts the service, and stops it also after an error. */
async function runSoak (commandLine: CommandLine, context: CommandContext): Promise<number> {
  const { stdout, stderr, env, signal } = context
  const folder = mkdtempSync(join(tmpdir(), 'baton-soak-'))
  const control = join(folder, 'control.sock')
  const samples: Sample[] = []
  try {
    const service = await StartedService.start(commandLine.program ?? context.program, {
      ...env, ...SETTINGS, CONTROL_SOCKET: control, NODE_OPTIONS: `${env.NODE_OPTIONS ?? ''} ${INSPECTOR_OPTION}`.trim()
    }, START_TIMEOUT, signal)
    let exit: ServiceExit
    let report: Report
    try {
      report = await load(commandLine, context, service, control, samples)
    } finally {
      exit = await service.process.stop(STOP_TIMEOUT)
    }
    if (exit.isUnexpected || exit.code !== 0) stderr.write(`The last lines of the service:\n${service.process.lastLines}\n`)

    const leaks = findLeaks(samples)
    const { isGood, sentence } = judge(report, { exit, isInterrupted: signal.aborted })
    const found = leaks.length === 0 ? '' : `FAILED: ${leaks.join('; ')}. `
    const flat = isGood && leaks.length === 0 ? ' The primary leaks nothing.' : ''
    // A thousand reloads are too many rows for a table.
    stdout.write(`\n${formatLoadSummary({ ...report, reloads: [] })}\n\n${formatSamples(samples)}\n\n${found}${sentence}${flat}\n`)
    return isGood && leaks.length === 0 ? ExitCode.ok : ExitCode.failed
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function load (
  { reloads, every, connections, timeout }: CommandLine, { stdout, env, signal }: CommandContext, service: StartedService, control: string, samples: Sample[]
): Promise<Report> {
  const total = MIX.reduce((sum, [, share]) => sum + share, 0)
  const kinds = MIX.map(([create, share]) => create(Math.max(1, Math.round(connections * share / total))))
  const display = createDisplay(stdout, env)
  const inspector = await Inspector.attach(service.process)
  const reloader = new SoakedService({
    service,
    control,
    every,
    onDrained: async (done) => {
      const sample = await takeSample(Number(service.process.pid), inspector, done)
      samples.push(sample)
      display.clear()
      stdout.write(`${formatSample(sample)}\n`)
    }
  })
  const clients = kinds.reduce((sum, { count }) => sum + count, 0)
  stdout.write(`${clients} clients of ${kinds.length} kinds load ${service.target.origin} during ${reloads} reloads\n`)
  try {
    return await runLoad({
      target: service.target,
      reloader,
      kinds,
      // The run ends with its last reload.
      duration: 0,
      timeout,
      reloads,
      reloadTimeout: RELOAD_TIMEOUT,
      signal: AbortSignal.any([signal, service.process.gone]),
      onProgress: (progress) => { display.update(progress) },
      progressInterval: display.interval
    })
  } finally {
    inspector.close()
    display.clear()
  }
}
