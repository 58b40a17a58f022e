import { setMaxListeners } from 'node:events'

import type { ClientKind } from '../../src/clients/client-kind.ts'
import type { FailedRequest, Recorder, RequestTimes, WorkerSighting } from '../../src/clients/recorder.ts'
import type { Target } from '../../src/clients/target.ts'

/** Milliseconds of a run, on a busy machine. */
const DEADLINE = 60_000
const TIMEOUT = 30_000

interface RecordOptions {
  /** Ends the run. */
  readonly until: (record: RequestRecord) => boolean
  /** Of one request, in milliseconds. */
  readonly timeout?: number
  /** 0 by default: pauses are the shortest. */
  readonly random?: () => number
}

/** What the clients of one kind report. */
class RequestRecord implements Recorder {
  readonly answers: RequestTimes[] = []
  readonly failures: FailedRequest[] = []
  readonly refusals: RequestTimes[] = []
  readonly sightings: WorkerSighting[] = []
  readonly #onChange: (record: RequestRecord) => void

  constructor (onChange: (record: RequestRecord) => void) {
    this.#onChange = onChange
  }

  answered (request: RequestTimes): void {
    this.answers.push(request)
    this.#onChange(this)
  }

  failed (request: FailedRequest): void {
    this.failures.push(request)
    this.#onChange(this)
  }

  unprocessed (request: RequestTimes): void {
    this.refusals.push(request)
    this.#onChange(this)
  }

  identified (sighting: WorkerSighting): void {
    this.sightings.push(sighting)
  }

  get reasons (): string[] {
    return this.failures.map(({ failure }) => failure.reason)
  }
}

/** Runs the clients of a kind until the record is as expected, or for a minute. */
export async function recordKind (kind: ClientKind, target: Target, options: RecordOptions): Promise<RequestRecord> {
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const deadline = setTimeout(() => { stop.abort() }, DEADLINE)
  const recorder = new RequestRecord((record) => {
    if (options.until(record)) stop.abort()
  })
  await kind.run({
    target, recorder, signal: stop.signal, timeout: options.timeout ?? TIMEOUT, maxRequests: 100_000, random: options.random ?? (() => 0)
  })
  clearTimeout(deadline)
  return recorder
}
