/** The properties by which an answer says which worker gave it: those of `fastify.worker`. */
export const workerProperties = {
  slot: { type: 'integer' },
  generation: { type: 'integer' },
  pid: { type: 'integer' }
} as const
