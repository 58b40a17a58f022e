import type { RequestTimes } from '../clients/recorder.ts'
import type { Reload } from '../service/reload.ts'
import { Latencies } from './latencies.ts'

interface ReloadWindow {
  readonly reload: Reload
  readonly latencies: Latencies
}

/**
 * Tells requests that overlap a reload from those that do not.
 *
 * The end of a reload may become known only later, so the requests that are answered meanwhile are kept
 * until then: at most as many as are answered within the timeout of a reload.
 */
export class ReloadWindows {
  readonly inside = new Latencies()
  readonly outside = new Latencies()
  readonly #windows: ReloadWindow[] = []
  /** Answered since the reload in progress began; undefined when there is none. */
  #undecided: RequestTimes[] | undefined

  get all (): readonly ReloadWindow[] {
    return this.#windows
  }

  /** A reload begins. */
  open (): void {
    this.#undecided = []
  }

  close (reload: Reload): void {
    const undecided = this.#undecided ?? []
    this.#undecided = undefined
    this.#windows.push({ reload, latencies: new Latencies() })
    for (const request of undecided) this.#sort(request)
  }

  /** A request was answered. */
  add (request: RequestTimes): void {
    if (this.#undecided === undefined) this.#sort(request)
    else this.#undecided.push(request)
  }

  /** @returns the number of the last reload that the request overlaps, 1 for the first; undefined for none */
  numberOf (request: RequestTimes): number | undefined {
    const index = this.#windows.findLastIndex(({ reload }) => overlaps(request, reload))
    return index < 0 ? undefined : index + 1
  }

  #sort (request: RequestTimes): void {
    const latency = request.endedAt - request.startedAt
    const number = this.numberOf(request)
    if (number === undefined) {
      this.outside.add(latency)
    } else {
      this.inside.add(latency)
      this.#windows[number - 1]?.latencies.add(latency)
    }
  }
}

function overlaps (request: RequestTimes, reload: Reload): boolean {
  return request.startedAt <= reload.endedAt && request.endedAt >= reload.startedAt
}
