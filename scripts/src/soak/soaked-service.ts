import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'

import type { DrainReport } from '../service/drain-watch.ts'
import type { Reload, Reloader } from '../service/reload.ts'
import type { StartedService } from '../service/started-service.ts'

interface Outcome {
  readonly result?: unknown
  readonly generation?: unknown
  readonly durationMs?: unknown
  readonly error?: { readonly message?: unknown } | null
  readonly message?: unknown
}

export interface SoakOptions {
  readonly service: StartedService
  /** Path of its control socket. */
  readonly control: string
  readonly every: number
  /** Called after so many reloads, when no worker drains any more. */
  readonly rest: (reloads: number) => Promise<void>
}

/**
 * A service whose reloads are asked for by SIGHUP, but for those before a rest: the control socket answers them when the
 * workers of all older generations have gone.
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
    const { service, every, rest } = this.#options
    this.#reloads++
    if (this.#reloads % every !== 0) return await service.reload(timeout, signal)

    const reload = await this.#reloadAndDrain(AbortSignal.any([signal, service.process.gone]), timeout)
    if (reload.outcome === 'completed') await rest(this.#reloads)
    return reload
  }

  async #reloadAndDrain (signal: AbortSignal, timeout: number): Promise<Reload> {
    const startedAt = performance.now()
    // Not `AbortSignal.timeout()`: Node 20 collects one that only `AbortSignal.any()` holds.
    const late = new AbortController()
    const deadline = setTimeout(() => { late.abort(new Error(`no answer within ${timeout} ms`)) }, timeout)
    try {
      const { result, generation, durationMs, error, message } = await ask(this.#options.control, AbortSignal.any([signal, late.signal]))
      const isCompleted = result === 'completed'
      return {
        outcome: isCompleted ? 'completed' : result === 'refused' ? 'refused' : 'failed',
        startedAt,
        // It completed before its old workers had gone.
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
async function ask (socketPath: string, signal: AbortSignal): Promise<Outcome> {
  const sent = request({ socketPath, method: 'POST', path: '/reload', agent: false, signal })
  sent.end(JSON.stringify({ drained: true }))
  const [response] = await once(sent, 'response') as [IncomingMessage]
  return await json(response) as Outcome
}
