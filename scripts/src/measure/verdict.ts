import { formatCount } from '../display/number-format.ts'
import type { ServiceExit } from '../service/service-process.ts'
import type { Report } from './report.ts'

export interface Verdict {
  readonly isGood: boolean
  readonly sentence: string
}

export interface RunEnd {
  readonly exit: ServiceExit | undefined
  readonly isInterrupted: boolean
}

/**
 * Judges a run.
 *
 * @param end `exit`: how the service exited, when it was started for the run
 */
export function judge (report: Report, { exit, isInterrupted }: RunEnd): Verdict {
  const problems = [
    ...(isInterrupted ? ['the run was interrupted'] : []),
    ...problemsOfRequests(report),
    ...problemsOfReloads(report),
    ...(exit === undefined ? [] : problemsOfExit(exit))
  ]
  const rate = Math.round(report.requests / report.duration * 1000)
  const volume = `${formatCount(report.requests)} requests in ${(report.duration / 1000).toFixed(1)} s (${formatCount(rate)} a second)`
  if (problems.length > 0) return { isGood: false, sentence: `FAILED: ${problems.join('; ')}. ${volume}.` }
  return { isGood: true, sentence: `No request failed: ${volume}, ${reloadsOf(report)}.` }
}

function problemsOfRequests ({ requests, failures }: Report): string[] {
  if (requests === 0) return ['no request was answered']
  return failures === 0 ? [] : [`${formatCount(failures)} of ${formatCount(requests)} requests failed`]
}

function problemsOfReloads ({ reloads, reloadsWanted }: Report): string[] {
  const problems = reloads.flatMap(({ outcome, reason }, index) => {
    return outcome === 'completed' ? [] : [`reload ${index + 1}: ${outcome} (${reason ?? 'no reason given'})`]
  })
  const missing = reloadsWanted - reloads.length
  return missing > 0 ? [...problems, `${missing} of ${reloadsWanted} reloads did not take place`] : problems
}

function problemsOfExit ({ code, signal, isUnexpected, isKilled }: ServiceExit): string[] {
  if (isUnexpected) return [`the service exited with ${signal ?? `code ${code}`} during the run`]
  if (isKilled) return ['the service did not stop in time after SIGTERM and was killed']
  if (code === 0) return []
  return [`the service exited with ${signal ?? `code ${code}`} instead of 0`]
}

function reloadsOf ({ reloads }: Report): string {
  if (reloads.length === 0) return 'no reload'
  return `${reloads.length} ${reloads.length === 1 ? 'reload' : 'reloads'} completed`
}
