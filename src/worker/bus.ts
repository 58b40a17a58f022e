import { MessageNotSentError } from '../errors.ts'
import type { Broadcast } from '../messages.ts'

/** Bytes of a message as JSON: the channel is shared with connections and heartbeats. */
const MAX_BYTES = 64 * 1024

type Handler = (data: unknown) => void

/** Messages between the workers of a pool, as `fastify.workers`. */
export interface WorkerBus {
  /**
   * Says something to all other workers that serve at this moment, of whatever generation.
   *
   * Delivery is at most once: a worker that ends meanwhile, or is started later, does not hear it.
   *
   * @param data anything that JSON carries, at most 64 KiB of it
   * @throws BATON_MESSAGE_NOT_SENT when the data is more, or nothing that JSON carries
   */
  readonly broadcast: (topic: string, data: unknown) => void
  /** @returns what ends it */
  readonly on: (topic: string, handler: Handler) => () => void
}

declare module 'fastify' {
  interface FastifyInstance {
    workers: WorkerBus
  }
}

/** One worker's end of the bus. */
export class Bus implements WorkerBus {
  readonly #send: (broadcast: Broadcast) => void
  readonly #handlers = new Map<string, Set<Handler>>()

  constructor (send: (broadcast: Broadcast) => void) {
    this.#send = send
  }

  readonly broadcast = (topic: string, data: unknown): void => {
    const text = encode(data)
    const bytes = Buffer.byteLength(text)
    if (bytes > MAX_BYTES) throw new MessageNotSentError(`its data is ${bytes} bytes of JSON, and at most ${MAX_BYTES} are allowed`)
    // As it will be heard: what is changed afterwards is not sent.
    this.#send({ topic, data: JSON.parse(text) })
  }

  readonly on = (topic: string, handler: Handler): (() => void) => {
    const handlers = this.#handlers.get(topic) ?? new Set()
    this.#handlers.set(topic, handlers.add(handler))
    return () => { handlers.delete(handler) }
  }

  deliver ({ topic, data }: Broadcast): void {
    for (const handler of this.#handlers.get(topic) ?? []) {
      // Each by itself: one that throws is an error of the application, and keeps the others from nothing.
      process.nextTick(handler, data)
    }
  }
}

function encode (data: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch (error) {
    throw new MessageNotSentError(`its data cannot be JSON (${(error as Error).message})`)
  }
  if (text === undefined) throw new MessageNotSentError(`its data is of type ${typeof data}, which JSON does not carry`)
  return text
}
