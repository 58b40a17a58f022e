import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { isIPv6, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Config, MetricsAddress } from '../../config/config.ts'
import type { ExitCode } from '../../exit-codes.ts'
import type { Logger } from '../../log/logger.ts'
import { defaultDirectory, ownDirectory, socketName } from '../../protocol/control-socket.ts'
import { waitForPort } from '../listen/ports.ts'
import type { Service } from '../service.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { claimDirectory, claimSocket } from './claim-socket.ts'
import { command, health, observe, type MetricsSource } from './routes.ts'
import { buildControlServer, closeControlServer } from './server.ts'
import { describeStatus, type Instance } from './status.ts'

/** Milliseconds for sending the last answers on a stop. */
const CLOSE_TIMEOUT = 500

export interface ControlOptions {
  readonly config: Pick<Config, 'controlSocket' | 'metrics'>
  /** Distinguishes instances in the same directory. */
  readonly port: number
  /** Relative paths in the settings start here. */
  readonly directory: string
  /** Directories where the socket may be made, the best first. */
  readonly runtimeDirectories: readonly string[]
  readonly log: Logger
  readonly supervisor: Supervisor
  readonly instance: Instance
  /** Carries out requests exactly as it carries out signals. */
  readonly service: Pick<Service, 'scaleTo' | 'stop'>
  readonly metrics: MetricsSource
}

/** The servers of the primary: the control socket, and the port for metrics. */
export class Control {
  /** Path of the control socket; undefined when there is none. */
  readonly socket: string | undefined
  /** Where metrics are served; undefined when that is off. */
  readonly metricsUrl: string | undefined
  readonly #servers: readonly FastifyInstance[]
  readonly #reportStopped: (code: ExitCode) => void

  private constructor (
    socket: string | undefined, metricsUrl: string | undefined, servers: readonly FastifyInstance[],
    reportStopped: (code: ExitCode) => void
  ) {
    this.socket = socket
    this.metricsUrl = metricsUrl
    this.#servers = servers
    this.#reportStopped = reportStopped
  }

  /**
   * Builds the servers and makes them listen, before any worker is started: if the socket or the port is taken, the
   * start fails.
   *
   * @throws when the socket or the port is in use or cannot be used. Without `CONTROL_SOCKET`, a default path that cannot
   * be used is only a warning: the service then runs without a control socket.
   */
  static async open (options: ControlOptions): Promise<Control> {
    const { config, supervisor, instance, service, metrics } = options
    const startedAt = performance.now()
    const now = (): number => performance.now()
    const status = () => describeStatus(supervisor, instance, startedAt, { now, wall: Date.now })
    const { promise: stopped, resolve: reportStopped } = withResolvers<ExitCode>()
    const stop = async (): Promise<ExitCode> => {
      service.stop(false)
      return await stopped
    }

    const servers: FastifyInstance[] = []
    let [socket, metricsUrl]: Array<string | undefined> = []
    try {
      if (config.controlSocket !== 'off') {
        const control = await buildControlServer(async (fastify) => {
          await fastify.register(observe, { status, metrics })
          await fastify.register(command, { supervisor, now, scaleTo: service.scaleTo, stop })
        })
        servers.push(control)
        socket = await listenOnSocket(control, config.controlSocket, options)
      }
      if (config.metrics !== undefined) {
        const observed = await buildControlServer(async (fastify) => {
          await fastify.register(observe, { status, metrics })
          await fastify.register(health, { prefix: '/health', supervisor })
        })
        servers.push(observed)
        metricsUrl = await listenOnPort(observed, config.metrics)
      }
    } catch (error) {
      await Promise.all(servers.map(async (server) => { await closeControlServer(server, 0) }))
      throw error
    }
    return new Control(socket, metricsUrl, servers, reportStopped)
  }

  /** Removes the socket if the process exits without `end()`. */
  remove (): void {
    if (this.socket !== undefined && this.#servers[0]?.server.listening === true) rmSync(this.socket, { force: true })
  }

  /** Answers the clients that requested the stop, and closes. */
  async end (code: ExitCode): Promise<void> {
    this.#reportStopped(code)
    await Promise.all(this.#servers.map(async (server) => { await closeControlServer(server, CLOSE_TIMEOUT) }))
  }
}

/** @returns the path of the socket; undefined when there is none */
async function listenOnSocket (
  { server }: FastifyInstance, controlSocket: string | undefined, { port, directory, runtimeDirectories, log }: ControlOptions
): Promise<string | undefined> {
  const path = controlSocket === undefined ? join(defaultDirectory(runtimeDirectories), socketName(port)) : resolve(directory, controlSocket)
  try {
    if (path.startsWith(ownDirectory())) claimDirectory(ownDirectory())
    await claimSocket(server, path)
    return path
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (controlSocket !== undefined || code !== 'BATON_CONTROL_SOCKET_UNUSABLE') throw error
    log.warn(`${(error as Error).message}; the command "baton" cannot reach this instance: set CONTROL_SOCKET`)
    return undefined
  }
}

/** @returns the URL of the server */
async function listenOnPort ({ server }: FastifyInstance, { host, port }: MetricsAddress): Promise<string> {
  await waitForPort('METRICS_PORT', host, port)
  await once(server.listen(port, host), 'listening')
  return `http://${isIPv6(host) ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`
}

/** `Promise.withResolvers()`, which Node 20 does not have. */
function withResolvers<Value> (): { promise: Promise<Value>, resolve: (value: Value) => void } {
  let settle!: (value: Value) => void
  const promise = new Promise<Value>((resolve) => { settle = resolve })
  return { promise, resolve: settle }
}
