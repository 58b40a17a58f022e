import cluster, { type Worker } from 'node:cluster'
import { unwrap, wrap, type ToPrimary, type ToWorker } from '../protocol/messages.ts'

export interface ChannelHandlers {
  readonly onMessage: (message: ToWorker) => void
  /** The last server has closed, and Node's cluster is about to close the channel: messages sent now still arrive. */
  readonly onClosing: () => void
  /** The channel is closed: the primary disconnected this worker and it is drained, or the primary died. */
  readonly onLost: () => void
}

/** The IPC channel to the primary. */
export interface Channel {
  readonly isOpen: () => boolean
  /** @param done called once the message has left this process, or can no longer be sent */
  readonly send: (message: ToPrimary, done?: () => void) => void
}

/** Opens the channel of this process, which must be a worker of Node's cluster. */
export function openChannel ({ onMessage, onClosing, onLost }: ChannelHandlers): Channel {
  const worker = cluster.worker as Worker
  // The cluster module disconnects when the last server has closed. If the primary has died by then, that throws
  // inside the `close` event of the server, and Fastify's own close would never finish.
  const disconnect = process.disconnect?.bind(process)
  process.disconnect = () => {
    if (!process.connected) return
    onClosing()
    disconnect?.()
  }
  process.on('message', (received) => {
    const message = unwrap<ToWorker>(received)
    if (message !== undefined) onMessage(message)
  })
  worker.on('disconnect', () => {
    // Otherwise Node exits here, with requests in flight.
    worker.exitedAfterDisconnect = true
    onLost()
  })

  return {
    isOpen: () => process.connected,
    send: (message, done = () => {}) => {
      if (process.connected) process.send?.(wrap(message), undefined, undefined, done)
      else done()
    }
  }
}
