import type { Progress } from '../measure/progress-watch.ts'

/** A run in progress as one line, for a pipe. */
export function formatProgress ({ elapsed, requests, failures, rate, latencies, generations, reloads, reloading }: Progress): string {
  const first = generations[0]
  const last = generations.at(-1)
  return [
    `${(elapsed / 1000).toFixed(1).padStart(6)} s`,
    `${requests.toLocaleString('en')} requests`,
    `${failures.toLocaleString('en')} failed`,
    `${Math.round(rate).toLocaleString('en')} a second`,
    ...latencies === undefined ? [] : [`p99 ${formatLatency(latencies.p99)}`],
    first === last ? `generation ${first ?? '?'}` : `generations ${first} to ${last}`,
    ...reloading === undefined ? [] : [`reload ${reloads.ended + 1} in progress`]
  ].join('  ')
}

export function formatLatency (ms: number): string {
  return ms < 100 ? `${ms.toFixed(1)} ms` : `${Math.round(ms).toLocaleString('en')} ms`
}
