import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'
import { toErrorReport } from '../errors.ts'
import type { Logger } from '../log/logger.ts'
import type { Assignment } from '../protocol/assignment.ts'
import type { DrainLimits, ToPrimary } from '../protocol/messages.ts'
import type { Channel } from './channel.ts'
import type { Drain } from './drain/drain.ts'
import type { MeasurementCollector } from './metrics/collector.ts'

/** Milliseconds before the primary kills this worker at which it reports the requests that it still has. */
const REPORT_MARGIN = 400

export interface ShutdownParts {
  readonly assignment: Pick<Assignment, 'slot' | 'generation'>
  readonly channel: Channel
  readonly collector: MeasurementCollector
  readonly config: Config
  readonly drain: Drain
  /** Whether the start is complete. */
  readonly isListening: () => boolean
  readonly log: Logger
  /** Undefined until it is built. */
  readonly server: () => FastifyInstance | undefined
}

/** How a worker exits: after SIGTERM, an error, the primary's `disconnect()` or the loss of the primary. */
export class WorkerShutdown {
  readonly #parts: ShutdownParts
  /** After an error the exit code is not 0, even if every request is answered. */
  #hasFailed = false
  #isDrainingAlone = false
  #reportTimer: NodeJS.Timeout | undefined

  constructor (parts: ShutdownParts) {
    this.#parts = parts
  }

  /** Asks the primary for a replacement, which starts first. Without a primary this worker drains on its own. */
  relieve (): void {
    const { channel } = this.#parts
    if (channel.isOpen()) channel.send({ type: 'relieve' })
    else this.#drainAlone()
  }

  /**
   * Ends this worker after an uncaught error, or one of the start. A worker that serves is relieved, so that its
   * other requests are answered; one that does not serve exits.
   */
  fail (error: unknown): void {
    const { channel, isListening, log } = this.#parts
    this.#hasFailed = true
    const report: ToPrimary = { type: 'failed', error: toErrorReport(error) }
    if (!isListening()) {
      this.#failToStart(report)
      return
    }
    log.fatal({ err: error }, 'uncaught error; finishing open requests, then exiting')
    channel.send(report)
    if (!channel.isOpen()) this.#drainAlone()
  }

  /** Sets how long the drain may take, and reports to the primary shortly before that. */
  setLimits (limits: DrainLimits): void {
    const { timeout } = limits
    this.#parts.drain.setLimits(limits)
    clearTimeout(this.#reportTimer)
    /* c8 ignore next -- the worker is killed a moment later, and its coverage with it */
    this.#reportTimer = setTimeout(() => { this.report() }, timeout - Math.min(REPORT_MARGIN, timeout / 10))
    this.#reportTimer.unref()
  }

  /**
   * Reports what is left, so that the primary can log what a kill costs. Also when the channel is about to close: if
   * a hook of the application hangs after that, the primary knows that no request is lost.
   */
  report (): void {
    const { channel, collector, drain } = this.#parts
    channel.send({ type: 'draining', progress: drain.progress() })
    channel.send({ type: 'measurements', measurements: collector.last() })
  }

  /** The primary has died, or it disconnected this worker and the drain is done. */
  onChannelLost (): void {
    const { config, drain, isListening, log } = this.#parts
    if (!isListening()) process.exit(this.#exitCode)
    // The primary may be gone, so this worker has to enforce the deadline itself, on hooks of the application too.
    setTimeout(() => { process.exit(1) }, config.drainTimeout).unref()
    if (drain.isDone) return
    log.warn('the primary is gone; finishing open requests, then exiting')
    this.#drainAlone()
  }

  /** The drain has begun: has Fastify run its close hooks and wait for the last request, then exits. */
  finish (): void {
    const { assignment: { slot, generation }, log, server } = this.#parts
    process.title = `baton: worker ${slot} (generation ${generation}) draining`
    server()?.close().then(() => { this.#exit() }, (error: unknown) => {
      this.#hasFailed = true
      log.error({ err: error }, 'a hook of the application failed on close')
      this.#exit()
    })
  }

  /**
   * If only the slot port failed (because it is taken, for example), the server already listens, and connections may be
   * on their way to it. Then the primary has to close it, because it first stops passing connections to this worker:
   * a worker that closes on its own loses those that were passed before.
   */
  #failToStart (report: ToPrimary): void {
    const { channel, server } = this.#parts
    if (server()?.server.listening !== true) {
      channel.send(report, () => { process.exit(1) })
      return
    }
    this.#setOwnLimits()
    channel.send(report)
  }

  /** Drains without a primary to request it. */
  #drainAlone (): void {
    if (this.#isDrainingAlone) return
    this.#isDrainingAlone = true
    this.#setOwnLimits()
    this.#parts.server()?.server.close()
  }

  #setOwnLimits (): void {
    const { config: { drainTimeout, stopIdle }, drain } = this.#parts
    drain.setLimits({ timeout: drainTimeout, idleTimeout: stopIdle })
  }

  #exit (): void {
    const { drain, log } = this.#parts
    log.info({ event: 'worker:drained', ...drain.report() }, 'worker drained')
    process.exit(this.#exitCode)
  }

  get #exitCode (): number {
    return this.#hasFailed ? 1 : 0
  }
}
