import type { Report } from './report.ts'
import type { ServiceExit } from '../service/service-process.ts'

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
 * @param end `exit`: how the service ended, when it was started for the run
 */
export function judge (report: Report, { exit, isInterrupted }: RunEnd): Verdict {
  const problems = [
    ...(isInterrupted ? ['the run was interrupted'] : []),
    ...problemsOfRequests(report),
    ...problemsOfReloads(report),
    ...(exit === undefined ? [] : problemsOfExit(exit))
  ]
  const rate = Math.round(report.requests / report.duration * 1000)
  const volume = `${count(report.requests)} requests in ${(report.duration / 1000).toFixed(1)} s (${count(rate)} a second)`
  if (problems.length > 0) return { isGood: false, sentence: `FAILED: ${problems.join('; ')}. ${volume}.` }
  return { isGood: true, sentence: `No request failed: ${volume}, ${reloadsOf(report)}.` }
}

function problemsOfRequests ({ requests, failures }: Report): string[] {
  if (requests === 0) return ['no request was answered']
  return failures === 0 ? [] : [`${count(failures)} of ${count(requests)} requests failed`]
}

function problemsOfReloads ({ reloads, reloadsWanted }: Report): string[] {
  const problems = reloads.flatMap(({ outcome, reason }, index) => {
    return outcome === 'completed' ? [] : [`reload ${index + 1} is ${outcome} (${reason ?? 'no reason given'})`]
  })
  const missing = reloadsWanted - reloads.length
  return missing > 0 ? [...problems, `${missing} of ${reloadsWanted} reloads did not take place`] : problems
}

function problemsOfExit ({ code, signal, isUnasked, isKilled }: ServiceExit): string[] {
  if (isUnasked) return [`the service ended with ${signal ?? `code ${code}`} during the run`]
  if (isKilled) return ['the service did not stop in time after SIGTERM and was killed']
  if (code === 0) return []
  return [`the service ended with ${signal ?? `code ${code}`} instead of 0`]
}

function reloadsOf ({ reloads }: Report): string {
  if (reloads.length === 0) return 'no reload'
  return `${reloads.length} ${reloads.length === 1 ? 'reload' : 'reloads'} completed`
}

function count (number: number): string {
  return number.toLocaleString('en')
}
