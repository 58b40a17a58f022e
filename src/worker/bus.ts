import { MessageNotSentError } from '../errors.ts'
import type { Broadcast } from '../protocol/messages.ts'

/** Of topic and data as JSON: large messages would delay connections and heartbeats, which use the same channel. */
const MAX_MESSAGE_BYTES = 64 * 1024

type Handler = (data: unknown) => void

interface Subscription {
  readonly topic: string
  readonly handler: Handler
}

/** Messages between the workers of a pool, as `fastify.workers`. */
export interface WorkerBus {
  /**
   * Sends a message to all other workers that are ready at this moment, of any generation.
   *
   * Delivery is at most once: a worker that exits meanwhile, or starts later, does not receive it.
   *
   * @param data any JSON value; topic and data are at most 64 KiB
   * @throws BATON_MESSAGE_NOT_SENT when they are larger, or when the data is not a JSON value
   */
  readonly broadcast: (topic: string, data: unknown) => void
  /** @returns a function that removes the handler */
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
  readonly #subscriptions = new Set<Subscription>()

  constructor (send: (broadcast: Broadcast) => void) {
    this.#send = send
  }

  readonly broadcast = (topic: string, data: unknown): void => {
    if (typeof topic !== 'string') {
      throw new MessageNotSentError(`its topic is of type ${typeof topic}, and must be a string`)
    }
    const text = encode(data)
    const bytes = Buffer.byteLength(topic) + Buffer.byteLength(text)
    if (bytes > MAX_MESSAGE_BYTES) {
      throw new MessageNotSentError(`its topic and data are ${bytes} bytes as JSON (limit: ${MAX_MESSAGE_BYTES})`)
    }
    // A copy, as the other workers will receive it: later changes to `data` are not sent.
    this.#send({ topic, data: JSON.parse(text) })
  }

  readonly on = (topic: string, handler: Handler): (() => void) => {
    const subscription = { topic, handler }
    this.#subscriptions.add(subscription)
    return () => { this.#subscriptions.delete(subscription) }
  }

  deliver ({ topic, data }: Broadcast): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.topic !== topic) continue
      // Each in its own tick: if a handler throws, that is an uncaught error, and the other handlers still run.
      process.nextTick(() => {
        // A previous handler may have removed this one.
        if (this.#subscriptions.has(subscription)) subscription.handler(data)
      })
    }
  }
}

function encode (data: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch (error) {
    throw new MessageNotSentError(`its data cannot be converted to JSON (${(error as Error).message})`)
  }
  if (text !== undefined) return text
  throw new MessageNotSentError(`its data is of type ${typeof data}, which JSON cannot represent`)
}
