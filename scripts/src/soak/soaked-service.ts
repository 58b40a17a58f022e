import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'

import type { DrainReport } from '../service/drain-watch.ts'
import type { Reload, Reloader } from '../service/reload.ts'
import type { StartedService } from '../service/started-service.ts'

/** The answer of the control socket to a reload. */
interface ReloadAnswer {
  readonly result?: unknown
  readonly generation?: unknown
  readonly durationMs?: unknown
  readonly error?: { readonly message?: unknown } | null
  readonly message?: unknown
}

export interface SoakOptions {
  readonly service: StartedService
  /** The path of its control socket. */
  readonly control: string
  /** How many reloads there are between two calls of `onDrained`. */
  readonly every: number
  /** Called when no worker is draining any more, with the number of reloads so far. */
  readonly onDrained: (reloads: number) => Promise<void>
}

/**
 * A service that is reloaded by SIGHUP, except before a sample: then by its control socket, which answers when the
 * workers of all older generations have exited.
 */
export class SoakedService implements Reloader {
  readonly #options: SoakOptions
  #reloads = 0

  constructor (options: SoakOptions) {
    this.#options = options
  }

  get drains (): DrainReport {
    return this.#options.service.drains
  }

  async reload (timeout: number, signal: AbortSignal): Promise<Reload> {
    const { service, every, onDrained } = this.#options
    this.#reloads++
    if (this.#reloads % every !== 0) return await service.reload(timeout, signal)

    const reload = await this.#reloadAndDrain(AbortSignal.any([signal, service.process.gone]), timeout)
    if (reload.outcome === 'completed') await onDrained(this.#reloads)
    return reload
  }

  async #reloadAndDrain (signal: AbortSignal, timeout: number): Promise<Reload> {
    const startedAt = performance.now()
    // Not `AbortSignal.timeout()`: Node 20 garbage-collects a signal that only `AbortSignal.any()` refers to.
    const late = new AbortController()
    const deadline = setTimeout(() => { late.abort(new Error(`no answer within ${timeout} ms`)) }, timeout)
    try {
      const { result, generation, durationMs, error, message } = await ask(this.#options.control, AbortSignal.any([signal, late.signal]))
      const isCompleted = result === 'completed'
      return {
        outcome: isCompleted ? 'completed' : result === 'refused' ? 'refused' : 'failed',
        startedAt,
        // It completed before its old workers had exited.
        endedAt: startedAt + Number(durationMs ?? 0),
        duration: Number(durationMs ?? 0),
        ...typeof generation === 'number' ? { generation } : {},
        ...isCompleted ? {} : { reason: String(error?.message ?? message ?? result) }
      }
    } catch (error) {
      const endedAt = performance.now()
      const { message } = late.signal.aborted ? late.signal.reason : error as Error
      return { outcome: 'unknown', startedAt, endedAt, duration: endedAt - startedAt, reason: `the control socket: ${message}` }
    } finally {
      clearTimeout(deadline)
    }
  }
}

/** @returns how a reload ended, once no older worker is left */
async function ask (socketPath: string, signal: AbortSignal): Promise<ReloadAnswer> {
  const sent = request({ socketPath, method: 'POST', path: '/reload', agent: false, signal })
  sent.end(JSON.stringify({ drained: true }))
  const [response] = await once(sent, 'response') as [IncomingMessage]
  return await json(response) as ReloadAnswer
}
