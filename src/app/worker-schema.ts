/** The properties of `fastify.worker`, with which an answer names its worker. */
export const workerProperties = {
  slot: { type: 'integer' },
  generation: { type: 'integer' },
  pid: { type: 'integer' }
} as const
