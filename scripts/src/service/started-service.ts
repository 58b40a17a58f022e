import { setTimeout as sleep } from 'node:timers/promises'

import { Connection } from '../clients/raw/connection.ts'
import { requestHead } from '../clients/raw/raw-request.ts'
import { RequestFailure } from '../clients/request-failure.ts'
import { createTarget, type Target } from '../clients/target.ts'
import { CommandError } from '../command/command-error.ts'
import { DrainWatch, type DrainReport } from './drain-watch.ts'
import { findFreePort } from './free-port.ts'
import type { LogLine } from './log-lines.ts'
import type { Reload, Reloader } from './reload.ts'
import { ServiceProcess } from './service-process.ts'

const HOST = '127.0.0.1'
const POLL_INTERVAL = 50
const POLL_TIMEOUT = 1000
/** Milliseconds after the first answer in which the program may still report that all of its workers are ready. */
const READY_TIMEOUT = 1000
/** For a program that never answered, and so has nothing to finish. */
const STOP_TIMEOUT = 2000

const OUTCOMES: Readonly<Record<string, Reload['outcome']>> = {
  'reload:completed': 'completed',
  'reload:failed': 'failed',
  'reload:refused': 'refused'
}

/** The service did not start; the message has its last lines. */
export class ServiceStartError extends CommandError {
  override readonly name = 'ServiceStartError'
}

/** A service that this program started, whose reloads are followed in its log. */
export class StartedService implements Reloader {
  readonly process: ServiceProcess
  readonly target: Target
  readonly #drains = new DrainWatch()

  /**
   * Starts the program with a free port in `PORT` (over TLS when the environment names a certificate), and waits until
   * it answers there, or at the port that it names in its log.
   *
   * @param timeout milliseconds until it must answer
   * @param signal gives up early
   * @throws ServiceStartError when it does not; it has been stopped then
   */
  static async start (
    program: string, env: NodeJS.ProcessEnv, timeout: number, signal?: AbortSignal
  ): Promise<StartedService> {
    const deadline = performance.now() + timeout
    const scheme = env.TLS_CERT_FILE === undefined ? 'http' : 'https'
    let port = await findFreePort()
    // The first worker answers before the others are ready: it would get every connection.
    let [isReady, isStarting] = [false, false]
    let answeredAt: number | undefined
    const process = new ServiceProcess(program, { WORKER_HEADER: 'true', ...env, HOST, PORT: String(port), LOG_LEVEL: 'info' })
    const unsubscribe = process.onLine((line) => {
      if (typeof line.port === 'number') port = line.port
      isReady ||= line.event === 'server:ready'
      isStarting ||= line.event === 'worker:forked'
    })
    try {
      while (!process.gone.aborted && signal?.aborted !== true && performance.now() < deadline) {
        const target = createTarget(HOST, port, scheme)
        if (await isServing(target)) answeredAt ??= performance.now()
        const mayBecomeReady = isStarting || performance.now() - (answeredAt ?? Infinity) < READY_TIMEOUT
        if (answeredAt !== undefined && (isReady || !mayBecomeReady)) return new StartedService(process, target)
        await Promise.race([sleep(POLL_INTERVAL), process.exited])
      }
    } finally {
      unsubscribe()
    }
    const fate = process.gone.aborted ? 'exited before it answered' : 'did not answer in time'
    await process.stop(STOP_TIMEOUT)
    throw new ServiceStartError(`${program} ${fate}; its last lines:\n${process.lastLines}`)
  }

  private constructor (process: ServiceProcess, target: Target) {
    this.process = process
    this.target = target
    process.onLine((line) => { this.#drains.observe(line, performance.now()) })
  }

  /** What has become of the relieved workers by now. */
  get drains (): DrainReport {
    return this.#drains.report(performance.now())
  }

  async reload (timeout: number, signal: AbortSignal): Promise<Reload> {
    const startedAt = performance.now()
    const abandoned = AbortSignal.any([this.process.gone, signal])
    return await new Promise<Reload>((resolve) => {
      const end = (outcome: Reload['outcome'], details: Pick<Reload, 'generation' | 'reason'>, duration?: number) => {
        clearTimeout(deadline)
        unsubscribe()
        abandoned.removeEventListener('abort', abandon)
        const endedAt = performance.now()
        resolve({ outcome, startedAt, endedAt, duration: duration ?? endedAt - startedAt, ...details })
      }
      const abandon = () => {
        end('unknown', { reason: this.process.gone.aborted ? 'the service has exited' : 'the run was interrupted' })
      }
      const deadline = setTimeout(() => {
        end('unknown', { reason: `the log did not report its end within ${timeout} ms` })
      }, timeout)
      const unsubscribe = this.process.onLine((line) => {
        const outcome = OUTCOMES[String(line.event)]
        if (outcome === undefined) return
        end(outcome, detailsOf(outcome, line), typeof line.durationMs === 'number' ? line.durationMs : undefined)
      })
      abandoned.addEventListener('abort', abandon)
      if (abandoned.aborted) abandon()
      else this.process.signal('SIGHUP')
    })
  }
}

async function isServing (target: Target): Promise<boolean> {
  let connection: Connection | undefined
  try {
    connection = await Connection.open(target, POLL_TIMEOUT)
    connection.request(requestHead(target, 'GET', '/', ['Connection: close']))
    const { status } = await connection.next(POLL_TIMEOUT)
    return status >= 200 && status <= 299
  } catch (error) {
    if (error instanceof RequestFailure) return false
    throw error
  } finally {
    connection?.close()
  }
}

function detailsOf (outcome: Reload['outcome'], line: LogLine): Pick<Reload, 'generation' | 'reason'> {
  const generation = typeof line.generation === 'number' ? { generation: line.generation } : {}
  return outcome === 'completed' ? generation : { ...generation, reason: reasonOf(line) }
}

function reasonOf ({ err, msg, event }: LogLine): string {
  const message = typeof err === 'object' && err !== null && 'message' in err ? err.message : msg
  return typeof message === 'string' ? message : String(event)
}
