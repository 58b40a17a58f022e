import { UsageError } from '../command/command-error.ts'
import type { Machine } from '../measure/machine.ts'
import type { LatencyReport, Report, ReloadReport } from '../measure/report.ts'
import type { Verdict } from '../measure/verdict.ts'

const FORMAT = 'baton-load-test'
/** Increases when a field is removed or changes its meaning, and not when one is added. */
const VERSION = 1

/** Everything about one run, for programs: see docs/load-test.md. Milliseconds, counted from the start. */
export interface RunRecord extends Omit<Report, 'reloads'> {
  readonly format: typeof FORMAT
  readonly version: typeof VERSION
  /** When it started, ISO 8601. */
  readonly date: string
  readonly verdict: Verdict
  readonly command: string
  /** Of the service, null for a default; undefined when the load test did not start it. */
  readonly settings?: Readonly<Record<string, string | null>>
  readonly machine: Machine
  readonly reloads: readonly RecordedReload[]
}

export interface RecordedReload {
  readonly outcome: ReloadReport['outcome']
  /** When SIGHUP was sent, and when the end of the reload was observed. */
  readonly at: number
  readonly end: number
  readonly duration: number
  readonly generation?: number
  readonly reason?: string
  readonly latencies: LatencyReport
}

export type RunCircumstances = Pick<RunRecord, 'verdict' | 'command' | 'settings' | 'machine'> & { readonly startedAt: Date }

export function createRunRecord (report: Report, { startedAt, ...circumstances }: RunCircumstances): RunRecord {
  const reloads = report.reloads.map(({ startedAt, endedAt, ...reload }) => {
    return { ...reload, end: reload.at + endedAt - startedAt }
  })
  return { format: FORMAT, version: VERSION, date: startedAt.toISOString(), ...circumstances, ...report, reloads }
}

/** @returns JSON without meaningless digits */
export function formatRunRecord (record: RunRecord): string {
  return JSON.stringify(record, (_, value: unknown) => typeof value === 'number' ? Number(value.toFixed(7)) : value)
}

/**
 * Reads what `formatRunRecord()` wrote, also from the page of `--report`.
 *
 * @param name of its file, for the message
 * @throws UsageError
 */
export function parseRunRecord (text: string, name: string): RunRecord {
  const embedded = /<script type="application\/json" id="record">(.*?)<\/script>/s.exec(text)?.[1]
  const record = parse(embedded ?? text)
  if (record?.format !== FORMAT) throw new UsageError(`${name} is not a record of a load test: it must be a file of --json or --report`)
  if (record.version !== VERSION) {
    throw new UsageError(`${name} is a record of version ${record.version}: it must be of version ${VERSION}`)
  }
  return record
}

function parse (text: string): RunRecord | undefined {
  try {
    return JSON.parse(text) ?? undefined
  } catch {
    return undefined
  }
}
