import { MessageNotSentError } from '../errors.ts'
import type { Broadcast } from '../protocol/messages.ts'

/** Bytes of a message, its topic and its data as JSON: the channel is shared with connections and heartbeats. */
const MAX_BYTES = 64 * 1024

type Handler = (data: unknown) => void

interface Subscription {
  readonly topic: string
  readonly handler: Handler
}

/** Messages between the workers of a pool, as `fastify.workers`. */
export interface WorkerBus {
  /**
   * Says something to all other workers that serve at this moment, of whatever generation.
   *
   * Delivery is at most once: a worker that ends meanwhile, or is started later, does not hear it.
   *
   * @param data anything that JSON carries, at most 64 KiB of it
   * @throws BATON_MESSAGE_NOT_SENT when topic and data are more, or nothing that JSON carries
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
  readonly #subscriptions = new Set<Subscription>()

  constructor (send: (broadcast: Broadcast) => void) {
    this.#send = send
  }

  readonly broadcast = (topic: string, data: unknown): void => {
    if (typeof topic !== 'string') throw new MessageNotSentError(`its topic is of type ${typeof topic}, and must be a string`)
    const text = encode(data)
    const bytes = Buffer.byteLength(topic) + Buffer.byteLength(text)
    if (bytes > MAX_BYTES) throw new MessageNotSentError(`its topic and its data as JSON are ${bytes} bytes, and at most ${MAX_BYTES} are allowed`)
    // As it will be heard: what is changed afterwards is not sent.
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
      // Each by itself: one that throws is an error of the application, and keeps the others from nothing.
      process.nextTick(() => {
        // A handler before it may have ended it.
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
    throw new MessageNotSentError(`its data cannot be JSON (${(error as Error).message})`)
  }
  if (text === undefined) throw new MessageNotSentError(`its data is of type ${typeof data}, which JSON does not carry`)
  return text
}
