import { Readable } from 'node:stream'
import type { FastifyPluginAsyncJsonSchemaToTs } from '@fastify/type-provider-json-schema-to-ts'
import type { FastifyReply } from 'fastify'
import {
  EVENT_STREAM, HEALTH, OUTCOME, PROBLEM, RELOAD, SCALE, SCALED, STATUS, STOPPED, type ReloadEvent, type Status
} from '../../protocol/control-api.ts'
import { ServiceStoppingError } from '../../errors.ts'
import type { ExitCode } from '../../exit-codes.ts'
import type { Service } from '../service.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { requestReload, type ReloadTarget } from './reload-request.ts'
import { describeOutcome } from './status.ts'

/** Where metrics come from. */
export interface MetricsSource {
  readonly contentType: string
  readonly text: () => Promise<string>
}

export interface ObserveOptions {
  readonly status: () => Status
  readonly metrics: MetricsSource
}

export interface HealthOptions {
  readonly supervisor: Pick<Supervisor, 'state' | 'workers'>
}

export interface CommandOptions {
  readonly supervisor: ReloadTarget & Pick<Supervisor, 'state'>
  readonly now: () => number
  readonly scaleTo: Service['scaleTo']
  /** Requests a stop; settled when no worker is left, with the exit code of the primary. */
  readonly stop: () => Promise<ExitCode>
}

/** `GET /status` and `GET /metrics`: they change nothing. */
export const observe: FastifyPluginAsyncJsonSchemaToTs<{ Options: ObserveOptions }> = async (
  context, { status, metrics }
) => {
  context.get('/status', { schema: { response: { 200: STATUS } } }, async () => status())

  context.get('/metrics', { schema: { response: { 200: { type: 'string' } } } }, async (_request, reply) => {
    reply.type(metrics.contentType)
    return await metrics.text()
  })
}

/** `GET /live` and `GET /ready` of the service as a whole; each worker has its own on the port of the service. */
export const health: FastifyPluginAsyncJsonSchemaToTs<{ Options: HealthOptions }> = async (context, { supervisor }) => {
  context.get('/live', { schema: { response: { 200: HEALTH } } }, async () => ({ status: 'ok', state: supervisor.state } as const))

  context.get('/ready', { schema: { response: { 200: HEALTH, 503: HEALTH } } }, async (_request, reply) => {
    const { state, workers } = supervisor
    const isReady = (state === 'running' || state === 'reloading') && workers.some((worker) => worker.state === 'ready')
    return await reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ok' : 'unavailable', state })
  })
}

/** `POST /reload`, `POST /scale` and `POST /stop`: the same as signals, with an answer. */
export const command: FastifyPluginAsyncJsonSchemaToTs<{ Options: CommandOptions }> = async (
  context, { supervisor, now, scaleTo, stop }
) => {
  // A request without a body is treated as one with an empty object.
  context.addHook('preValidation', async (request) => { request.body ??= {} })

  context.post('/reload', { schema: { body: RELOAD, response: { 200: OUTCOME, 409: OUTCOME } } }, async (request, reply) => {
    const { drained } = request.body
    if (request.headers.accept?.includes(EVENT_STREAM) === true) {
      reply.type(EVENT_STREAM)
      return await (reply as FastifyReply).send(streamReload(supervisor, drained, now))
    }
    const reload = requestReload(supervisor, drained, () => {}, now)
    reply.raw.once('close', reload.unfollow)
    const outcome = await reload.outcome
    return await reply.code(outcome.result === 'completed' ? 200 : 409).send(describeOutcome(outcome))
  })

  context.post('/scale', { schema: { body: SCALE, response: { 200: SCALED, 409: PROBLEM } } }, async (request, reply) => {
    try {
      if (supervisor.state === 'stopping') throw new ServiceStoppingError()
      return { workers: await scaleTo(request.body.workers) }
    } catch (error) {
      return await reply.code(409).send({ statusCode: 409, error: 'Conflict', message: (error as Error).message })
    }
  })

  context.post('/stop', { schema: { response: { 200: STOPPED } } }, async () => ({ code: await stop() }))
}

/** @returns the events of a reload as they happen, one JSON object a line */
function streamReload (supervisor: ReloadTarget, waitsForDrains: boolean, now: () => number): Readable {
  // No backpressure for a client that reads slowly: a reload has a few dozen events.
  const stream = new Readable({ read () {} })
  const push = (event: ReloadEvent): void => { stream.push(`${JSON.stringify(event)}\n`) }
  const reload = requestReload(supervisor, waitsForDrains, push, now)
  stream.once('close', reload.unfollow)
  reload.outcome.then(() => { stream.push(null) }, () => {})
  return stream
}
