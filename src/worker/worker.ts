import type { FastifyInstance } from 'fastify'
import type { Assignment } from '../protocol/assignment.ts'
import type { Config } from '../config/config.ts'
import type { LogFile } from '../log/file.ts'
import type { Logger } from '../log/logger.ts'
import { PROTOCOL, type PoolView, type TlsMaterial, type ToWorker } from '../protocol/messages.ts'
import { loadApplication } from './application.ts'
import { Bus } from './bus.ts'
import { openChannel, type Channel } from './channel.ts'
import { Drain } from './drain/drain.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { WorkerIdentity } from './identity.ts'
import { MeasurementCollector } from './metrics/collector.ts'
import { buildServer } from './server.ts'
import { WorkerShutdown } from './shutdown.ts'
import { listenOnSlotPort } from './slot-port.ts'

/** Fastify's log message; not logged, because the primary logs `worker:ready`. */
export const LISTENING_MESSAGE = 'worker is listening'

/** One worker: starts the server, and handles the messages of the primary. Its exit is in shutdown.ts. */
export class Worker {
  readonly #assignment: Assignment
  readonly #config: Config
  readonly #log: Logger
  readonly #logFile: LogFile | undefined
  readonly #channel: Channel
  readonly #drain = new Drain(() => { this.#onDrain() })
  readonly #collector = new MeasurementCollector(this.#drain)
  readonly #bus = new Bus((broadcast) => { this.#channel.send({ type: 'broadcast', broadcast }) })
  readonly #shutdown: WorkerShutdown
  #pool: PoolView = { isStopping: false, isCrashLooping: false }
  #server: FastifyInstance | undefined
  #isListening = false
  #onTls!: (tls: TlsMaterial) => void

  constructor (assignment: Assignment, config: Config, log: Logger, logFile?: LogFile) {
    this.#assignment = assignment
    this.#config = config
    this.#log = log
    this.#logFile = logFile
    this.#channel = openChannel({
      onMessage: (message) => { this.#onMessage(message) },
      onClosing: () => {
        this.#shutdown.report()
        this.#logFile?.follow()
      },
      onLost: () => {
        this.#logFile?.follow()
        this.#shutdown.onChannelLost()
      }
    })
    this.#shutdown = new WorkerShutdown({
      assignment,
      channel: this.#channel,
      collector: this.#collector,
      config,
      drain: this.#drain,
      isListening: () => this.#isListening,
      log,
      server: () => this.#server
    })
  }

  async start (): Promise<void> {
    const { slot, generation, application, address, slotPort, transport } = this.#assignment
    const worker: WorkerIdentity = { slot, generation, pid: process.pid }
    try {
      const tls = transport === 'http' ? undefined : { ...await this.#requestTls(), http2: transport === 'http2' }
      this.#server = await buildServer({
        application: await loadApplication(application),
        bus: this.#bus,
        collector: this.#collector,
        config: this.#config,
        drain: this.#drain,
        log: this.#log,
        pool: () => this.#pool,
        tls,
        worker
      })
      await this.#server.listen({ ...address, listenTextResolver: () => LISTENING_MESSAGE })
      if (slotPort !== null) await listenOnSlotPort(this.#server.server, slotPort)
    } catch (error) {
      this.fail(error)
      return
    }
    this.#isListening = true
    this.#channel.send({ type: 'ready', protocol: PROTOCOL })
    if (this.#config.metrics !== undefined) this.#collector.start()
    startHeartbeat(this.#drain, (load) => { this.#channel.send({ type: 'heartbeat', load }) })
  }

  /** This process alone was sent SIGTERM. */
  relieve (): void {
    this.#shutdown.relieve()
  }

  /** An error was not caught, or the start failed. */
  fail (error: unknown): void {
    this.#shutdown.fail(error)
  }

  /** If there is no answer, the start timeout of the primary ends this worker. */
  async #requestTls (): Promise<TlsMaterial> {
    return await new Promise((resolve) => {
      this.#onTls = resolve
      this.#channel.send({ type: 'channel-open' })
    })
  }

  #onMessage (message: ToWorker): void {
    switch (message.type) {
      case 'ping': this.#channel.send({ type: 'pong' }); break
      case 'broadcast': this.#bus.deliver(message.broadcast); break
      case 'drain': this.#shutdown.setLimits(message.limits); break
      case 'measure': this.#measure(); break
      case 'pool': this.#pool = message.pool; break
      case 'reopen-log': this.#logFile?.reopen(this.#log); break
      case 'tls': this.#onTls(message.tls); break
      /* c8 ignore next -- there is no other message */
      default: message satisfies never
    }
  }

  #measure (): void {
    // Loading prom-client takes a while: answer the first request without waiting for it.
    if (!this.#collector.isStarted) this.#channel.send({ type: 'measurements', measurements: this.#collector.last() })
    this.#collector.read().then((measurements) => {
      this.#channel.send({ type: 'measurements', measurements })
    }, (error: unknown) => {
      /* c8 ignore next -- prom-client cannot be loaded, or fails: the primary keeps the previous measurements */
      this.#log.warn({ err: error }, 'could not read measurements')
    })
  }

  #onDrain (): void {
    // Read Node's metrics now: when the channel closes there is no time left for it.
    if (this.#collector.isStarted) this.#measure()
    this.#shutdown.finish()
  }
}
