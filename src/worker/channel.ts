import cluster, { type Worker } from 'node:cluster'
import { unwrap, wrap, type ToPrimary, type ToWorker } from '../protocol/messages.ts'

export interface ChannelEvents {
  readonly message: (message: ToWorker) => void
  /** The last server has closed, and Node's cluster is about to close the channel: what is sent now still arrives. */
  readonly closing: () => void
  /** The channel is gone: the primary disconnected this worker and it is drained, or the primary died. */
  readonly lost: () => void
}

/** The way to the primary. */
export interface Channel {
  readonly isOpen: () => boolean
  /** @param done called once the message has left this process, or cannot any more */
  readonly send: (message: ToPrimary, done?: () => void) => void
}

/** Opens the channel of this process, which must be a worker of Node's cluster. */
export function openChannel ({ message, closing, lost }: ChannelEvents): Channel {
  const worker = cluster.worker as Worker
  // The cluster module disconnects when the last server has closed, and that throws when the primary died
  // meanwhile: in the middle of the server's `close` event, of which Fastify's own close would never hear.
  const disconnect = process.disconnect?.bind(process)
  process.disconnect = () => {
    if (!process.connected) return
    closing()
    disconnect?.()
  }
  process.on('message', (received) => {
    const ours = unwrap<ToWorker>(received)
    if (ours !== undefined) message(ours)
  })
  worker.on('disconnect', () => {
    // Without it Node ends the process here, with the requests that it holds.
    worker.exitedAfterDisconnect = true
    lost()
  })

  return {
    isOpen: () => process.connected,
    send: (message, done = () => {}) => {
      if (process.connected) process.send?.(wrap(message), undefined, undefined, done)
      else done()
    }
  }
}
