import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { isIPv6, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import type { Config, MetricsAddress } from '../../config/config.ts'
import { defaultDirectory, ownDirectory, socketName } from '../../protocol/control-socket.ts'
import { MetricsPortUnusableError } from '../../errors.ts'
import type { ExitCode } from '../../exit-codes.ts'
import type { Logger } from '../../log/logger.ts'
import type { Operation } from '../service.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { claimDirectory, claimSocket } from './claim-socket.ts'
import { DeferredServer } from './deferred-server.ts'
import { command, health, observe, type MetricsSource } from './routes.ts'
import { describeStatus, type Instance } from './status.ts'

/** Milliseconds for the last answers at a stop. */
const CLOSE_TIMEOUT = 500

export interface Place {
  readonly config: Pick<Config, 'controlSocket' | 'metrics'>
  /** What tells instances in the same directory apart. */
  readonly port: number
  /** What a path of the settings is relative to. */
  readonly directory: string
  /** Where the socket may go, the best first. */
  readonly runtimeDirectories: readonly string[]
  readonly log: Logger
}

export interface Served {
  readonly supervisor: Supervisor
  readonly instance: Instance
  /** What is asked of the service is asked of it as by signals. */
  readonly operation: Pick<Operation, 'scaleTo' | 'stop'>
  readonly metrics: MetricsSource
}

/** What answers for the primary: the control socket, and the port for metrics. */
export class Control {
  /** Path of the control socket; undefined when there is none. */
  readonly socket: string | undefined
  /** Where metrics are served; undefined when that is off. */
  readonly metricsUrl: string | undefined
  readonly #control: DeferredServer
  readonly #metrics: DeferredServer
  readonly #startedAt = performance.now()
  #tellStopped!: (code: ExitCode) => void
  readonly #stopped = new Promise<ExitCode>((resolve) => { this.#tellStopped = resolve })

  private constructor (control: DeferredServer, socket: string | undefined, metrics: DeferredServer, metricsUrl: string | undefined) {
    this.#control = control
    this.#metrics = metrics
    this.socket = socket
    this.metricsUrl = metricsUrl
  }

  /**
   * Claims the socket and the port, before anything is started. Requests wait until it serves.
   *
   * @throws when somebody else has them, or they cannot be had; without `CONTROL_SOCKET` a place that cannot be
   * written costs the socket and a warning
   */
  static async claim (place: Place): Promise<Control> {
    const [control, metrics] = [new DeferredServer(), new DeferredServer()]
    const socket = await claimControl(control, place)
    try {
      const address = place.config.metrics
      return new Control(control, socket, metrics, address === undefined ? undefined : await listen(metrics, address))
    } catch (error) {
      await control.close(0)
      throw error
    }
  }

  async serve ({ supervisor, operation, instance, metrics }: Served): Promise<void> {
    const now = (): number => performance.now()
    const status = () => describeStatus(supervisor, instance, this.#startedAt, { now, wall: Date.now })
    const askToStop = async (): Promise<ExitCode> => {
      operation.stop(false)
      return await this.#stopped
    }
    if (this.socket !== undefined) {
      await this.#control.serve(async (fastify) => {
        await fastify.register(observe, { status, metrics })
        await fastify.register(command, { supervisor, now, scaleTo: operation.scaleTo, stop: askToStop })
      })
    }
    if (this.metricsUrl !== undefined) {
      await this.#metrics.serve(async (fastify) => {
        await fastify.register(observe, { status, metrics })
        await fastify.register(health, { prefix: '/health', supervisor })
      })
    }
  }

  /** Removes the socket when the process ends in another way. */
  remove (): void {
    if (this.socket !== undefined && this.#control.server.listening) rmSync(this.socket, { force: true })
  }

  /** Answers those who asked for the stop, and closes. */
  async end (code: ExitCode): Promise<void> {
    this.#tellStopped(code)
    await Promise.all([this.#control.close(CLOSE_TIMEOUT), this.#metrics.close(CLOSE_TIMEOUT)])
  }
}

async function claimControl ({ server }: DeferredServer, { config, port, directory, runtimeDirectories, log }: Place): Promise<string | undefined> {
  const { controlSocket } = config
  if (controlSocket === 'off') return undefined
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

/** @returns the address of what is served there */
async function listen ({ server }: DeferredServer, { host, port }: MetricsAddress): Promise<string> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    throw new MetricsPortUnusableError(host, port, (error as Error).message)
  }
  return `http://${isIPv6(host) ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`
}
