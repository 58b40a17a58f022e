import { Type } from 'typebox'

/** The properties by which an answer says which worker gave it: those of `fastify.worker`. */
export const workerProperties = {
  slot: Type.Integer(),
  generation: Type.Integer(),
  pid: Type.Integer()
}
