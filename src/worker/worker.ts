import type { FastifyInstance } from 'fastify'
import type { Assignment } from '../protocol/assignment.ts'
import type { Config } from '../config/config.ts'
import { toErrorReport } from '../errors.ts'
import type { LogFile } from '../log/file.ts'
import type { Logger } from '../log/logger.ts'
import { PROTOCOL, type PoolView, type TlsMaterial, type ToPrimary, type ToWorker } from '../protocol/messages.ts'
import { loadApplication } from './application.ts'
import { Bus } from './bus.ts'
import { openChannel, type Channel } from './channel.ts'
import { Drain } from './drain/drain.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { WorkerIdentity } from './identity.ts'
import { WorkerMeasurements } from './metrics/measurements.ts'
import { buildServer } from './server.ts'
import { listenAlso } from './slot-port.ts'

/** Fastify's line, which says the same as the primary's `worker:ready`. */
export const LISTENING = 'worker is listening'
/** Milliseconds before the kill at which it says what it still holds. */
const REPORT_MARGIN = 400

/** One worker, from its start to its exit. */
export class Worker {
  readonly #assignment: Assignment
  readonly #config: Config
  readonly #log: Logger
  readonly #logFile: LogFile | undefined
  readonly #channel: Channel
  readonly #drain = new Drain(() => { this.#onDrain() })
  readonly #measurements = new WorkerMeasurements(this.#drain)
  readonly #bus = new Bus((broadcast) => { this.#channel.send({ type: 'broadcast', broadcast }) })
  #pool: PoolView = { isStopping: false, isCrashLooping: false }
  #server: FastifyInstance | undefined
  #reporting: NodeJS.Timeout | undefined
  #isListening = false
  /** An error that nobody caught: it finishes what it holds and does not pretend that it ended well. */
  #hasFailed = false
  #isLeaving = false
  #onTls!: (tls: TlsMaterial) => void

  constructor (assignment: Assignment, config: Config, log: Logger, logFile?: LogFile) {
    this.#assignment = assignment
    this.#config = config
    this.#log = log
    this.#logFile = logFile
    this.#channel = openChannel({
      message: (message) => { this.#onMessage(message) },
      // A hook of the application may still hang: then the primary knows that no request does.
      closing: () => {
        this.#report()
        this.#logFile?.follow()
      },
      lost: () => { this.#onLost() }
    })
  }

  async start (): Promise<void> {
    const { slot, generation, application, address, slotPort, transport } = this.#assignment
    const worker: WorkerIdentity = { slot, generation, pid: process.pid }
    try {
      const tls = transport === 'http' ? undefined : { ...await this.#askForTls(), http2: transport === 'http2' }
      this.#server = await buildServer({
        application: await loadApplication(application),
        bus: this.#bus,
        config: this.#config,
        drain: this.#drain,
        log: this.#log,
        measurements: this.#measurements,
        pool: () => this.#pool,
        tls,
        worker
      })
      await this.#server.listen({ ...address, listenTextResolver: () => LISTENING })
      if (slotPort !== null) await listenAlso(this.#server.server, slotPort)
    } catch (error) {
      this.fail(error)
      return
    }
    this.#isListening = true
    this.#channel.send({ type: 'ready', protocol: PROTOCOL })
    if (this.#config.metrics !== undefined) this.#measurements.start()
    startHeartbeat(this.#drain, (load) => { this.#channel.send({ type: 'heartbeat', load }) })
  }

  /** SIGTERM to this process alone: the primary starts another one first. Without a primary it drains by itself. */
  relieve (): void {
    if (this.#channel.isOpen()) this.#channel.send({ type: 'relieve' })
    else this.#leave()
  }

  /**
   * An error that nobody caught, or one of the start. A worker that serves is relieved, so that the other
   * requests that it holds are answered; one that does not exits.
   */
  fail (error: unknown): void {
    this.#hasFailed = true
    const report: ToPrimary = { type: 'failed', error: toErrorReport(error) }
    if (!this.#isListening) {
      this.#failToStart(report)
      return
    }
    this.#log.fatal({ err: error }, 'an error that nobody caught; finishing what is under way, then leaving')
    this.#channel.send(report)
    if (!this.#channel.isOpen()) this.#leave()
  }

  /**
   * Its slot port is taken, for one, and connections to the service may be on their way to it already. The primary takes it out of
   * rotation then: whoever closes by himself does not hear of those that were sent before the primary knew.
   */
  #failToStart (report: ToPrimary): void {
    if (this.#server?.server.listening !== true) {
      this.#channel.send(report, () => { process.exit(1) })
      return
    }
    const { drainTimeout, stopIdle } = this.#config
    this.#drain.setLimits({ timeout: drainTimeout, idleTimeout: stopIdle })
    this.#channel.send(report)
  }

  /** Without an answer the start timeout ends this worker. */
  async #askForTls (): Promise<TlsMaterial> {
    return await new Promise((resolve) => {
      this.#onTls = resolve
      this.#channel.send({ type: 'channel-open' })
    })
  }

  #onMessage (message: ToWorker): void {
    if (message.type === 'pool') this.#pool = message.pool
    else if (message.type === 'broadcast') this.#bus.deliver(message.broadcast)
    else if (message.type === 'tls') this.#onTls(message.tls)
    else if (message.type === 'ping') this.#channel.send({ type: 'pong' })
    else if (message.type === 'reopen-log') this.#logFile?.reopen(this.#log)
    else if (message.type === 'measure') this.#measure()
    else {
      this.#drain.setLimits(message.limits)
      this.#reportNear(message.limits.timeout)
    }
  }

  /** Shortly before the deadline the primary hears what is left, so that it can say what a kill costs. */
  #reportNear (timeout: number): void {
    clearTimeout(this.#reporting)
    /* c8 ignore next -- the worker is killed a moment later, and its coverage with it */
    this.#reporting = setTimeout(() => { this.#report() }, timeout - Math.min(REPORT_MARGIN, timeout / 10))
    this.#reporting.unref()
  }

  #report (): void {
    this.#channel.send({ type: 'draining', progress: this.#drain.progress() })
    this.#channel.send({ type: 'measurements', measurements: this.#measurements.last() })
  }

  #measure (): void {
    // Loading what reads Node's metrics takes a while, which the first question does not wait for.
    if (!this.#measurements.isStarted) this.#channel.send({ type: 'measurements', measurements: this.#measurements.last() })
    this.#measurements.read().then((measurements) => { this.#channel.send({ type: 'measurements', measurements }) }, (error: unknown) => {
      /* c8 ignore next -- prom-client cannot be loaded, or fails: the primary goes on with the measurements that it has */
      this.#log.warn({ err: error }, 'no measurements could be read')
    })
  }

  #onLost (): void {
    this.#logFile?.follow()
    if (!this.#isListening) process.exit(this.#exitCode)
    // Whatever is left to do, there may be nobody any more who keeps the deadline.
    setTimeout(() => { process.exit(1) }, this.#config.drainTimeout).unref()
    // After a drain the channel closes as well, and the exit is under way.
    if (this.#drain.isDone) return
    this.#log.warn('the primary is gone; finishing what is under way, then leaving')
    this.#leave()
  }

  /** Drains without a primary that would ask for it. */
  #leave (): void {
    if (this.#isLeaving) return
    this.#isLeaving = true
    const { drainTimeout, stopIdle } = this.#config
    this.#drain.setLimits({ timeout: drainTimeout, idleTimeout: stopIdle })
    this.#server?.server.close()
  }

  /** Node's cluster has closed the server, or we did: Fastify's own close runs its hooks and waits for the last request. */
  #onDrain (): void {
    const { slot, generation } = this.#assignment
    process.title = `baton: worker ${slot} (generation ${generation}) draining`
    // What Node says is read now: there is no time for it when the channel closes.
    if (this.#measurements.isStarted) this.#measure()
    this.#server?.close().then(() => { this.#exit() }, (error: unknown) => {
      this.#hasFailed = true
      this.#log.error({ err: error }, 'a hook of the application failed on close')
      this.#exit()
    })
  }

  #exit (): void {
    this.#log.info({ event: 'worker:drained', ...this.#drain.report() }, 'worker drained')
    process.exit(this.#exitCode)
  }

  get #exitCode (): number {
    return this.#hasFailed ? 1 : 0
  }
}
