import type { FastifyInstance } from 'fastify'
import type { PoolView } from '../../protocol/messages.ts'
import type { WorkerIdentity } from '../identity.ts'

export interface HealthOptions {
  readonly worker: WorkerIdentity
  readonly pool: () => PoolView
  readonly isUnderPressure: () => boolean
}

type Status = 'ok' | 'stopping' | 'under pressure'

/**
 * `GET /live` and `GET /ready` under the prefix of their registration, never shed and never logged.
 *
 * A worker that drains because of a reload is healthy: a 503 would make a load balancer remove a host that
 * serves requests. For the same reason a crash loop is in the body only.
 */
export async function health (context: FastifyInstance, options: HealthOptions): Promise<void> {
  const { worker, pool, isUnderPressure } = options
  const body = (status: Status): object => ({ status, worker, crashLoop: pool().isCrashLooping })

  context.get('/live', { logLevel: 'silent' }, async () => body('ok'))

  context.get('/ready', { logLevel: 'silent' }, async (_request, reply) => {
    const status = pool().isStopping ? 'stopping' : isUnderPressure() ? 'under pressure' : 'ok'
    reply.code(status === 'ok' ? 200 : 503)
    return body(status)
  })
}
