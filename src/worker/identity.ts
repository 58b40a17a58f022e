import type {} from 'fastify'

/** Which worker this is; the application reads it as `fastify.worker`. */
export interface WorkerIdentity {
  /** Stable place in the pool, 0 to n-1; a replacement takes over the slot of the worker that it relieves. */
  readonly slot: number
  /** 1 at the start, one more at each reload. */
  readonly generation: number
  readonly pid: number
}

declare module 'fastify' {
  interface FastifyInstance {
    worker: WorkerIdentity
  }
}
