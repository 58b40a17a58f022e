import { ProtocolMismatchError, toErrorReport, type ErrorReport } from '../../errors.ts'
import type { Measurements } from '../../protocol/measurements.ts'
import { PROTOCOL, unwrap, type Broadcast, type Load, type ToPrimary } from '../../protocol/messages.ts'
import type { Host } from './host.ts'
import type { Journal } from '../events.ts'
import { identify, type WorkerHandle } from './worker-handle.ts'

/** What follows from a word of a worker for more than its own handle. */
export interface Heard {
  /** It serves from now on. */
  readonly ready: (worker: WorkerHandle) => void
  /** It serves, and cannot go on: it is stale. */
  readonly unfit: (worker: WorkerHandle, error: ErrorReport) => void
  /** It says what it has measured. */
  readonly measured: (worker: WorkerHandle, measurements: Measurements) => void
  /** It has something to say to the others. */
  readonly broadcast: (worker: WorkerHandle, broadcast: Broadcast) => void
  /** Something else is not as it was before. */
  readonly changed: () => void
}

/** Hears what the workers say, and notes it on their handles. */
export class Hearing {
  readonly #host: Pick<Host, 'now'>
  readonly #journal: Journal
  readonly #heard: Heard

  constructor (host: Pick<Host, 'now'>, journal: Journal, heard: Heard) {
    this.#host = host
    this.#journal = journal
    this.#heard = heard
  }

  /** @param received anything: the application may use the channel too */
  hear (worker: WorkerHandle, received: unknown): void {
    worker.isAlive(this.#host.now())
    const message = unwrap<ToPrimary>(received)
    if (message?.type === 'channel-open') sendTls(worker)
    else if (message?.type === 'ready') this.#onSaidReady(worker, message.protocol)
    else if (message?.type === 'failed') this.#onFailed(worker, message.error)
    else if (message?.type === 'heartbeat') this.#onHeartbeat(worker, message.load)
    else if (message?.type === 'broadcast') this.#heard.broadcast(worker, message.broadcast)
    else if (message?.type === 'draining') worker.progress = message.progress
    else if (message?.type === 'pong') this.#onAnswer(worker)
    else if (message?.type === 'measurements') this.#heard.measured(worker, message.measurements)
    else if (message?.type === 'relieve' && worker.state === 'ready' && !worker.isStale) {
      worker.isStale = true
      this.#journal.note('info', { event: 'worker:stale', ...identify(worker), limit: 'SIGTERM' }, 'worker was sent SIGTERM; relieving it')
      this.#heard.changed()
    }
  }

  #onSaidReady (worker: WorkerHandle, protocol: number): void {
    if (worker.state !== 'starting') return
    if (protocol === PROTOCOL) {
      if (worker.saysReady(this.#host.now())) this.#heard.ready(worker)
      return
    }
    worker.failure = toErrorReport(new ProtocolMismatchError(protocol, PROTOCOL))
    worker.process?.kill()
  }

  #onFailed (worker: WorkerHandle, error: ErrorReport): void {
    worker.failure ??= error
    // Out of rotation: it gets the connections that are on their way to it before it hears that it shall leave.
    if (worker.state === 'starting' && worker.isListening) worker.process?.disconnect()
    if (worker.state !== 'ready') return
    worker.isStale = true
    this.#heard.unfit(worker, error)
  }

  #onHeartbeat (worker: WorkerHandle, load: Load): void {
    worker.load = load
    const limit = worker.outlives(load, this.#host.now())
    if (limit === undefined) return
    worker.isStale = true
    this.#journal.note('info', { event: 'worker:stale', ...identify(worker), limit, rss: load.rss, served: load.served },
      `worker is over ${limit}; relieving it`)
    this.#heard.changed()
  }

  #onAnswer (worker: WorkerHandle): void {
    worker.answeredAt = this.#host.now()
    this.#heard.changed()
  }
}

function sendTls ({ process, release }: WorkerHandle): void {
  if (release.tls !== undefined) process?.send({ type: 'tls', tls: release.tls })
}
