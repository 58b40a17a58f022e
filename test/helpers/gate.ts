import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** A way to the server that lets only the first bytes pass until it is opened. */
export class Gate extends Duplex {
  readonly #socket: Socket
  #left: number
  #held = Buffer.alloc(0)

  constructor (socket: Socket, bytes: number) {
    super()
    this.#socket = socket
    this.#left = bytes
    socket.on('data', (data) => { this.push(data) })
    socket.on('end', () => { this.push(null) })
    socket.on('error', (error) => { this.destroy(error) })
  }

  open (): void {
    this.#left = Infinity
    this.#socket.write(this.#held)
  }

  override _read (): void {}

  override _write (data: Buffer, _encoding: string, done: () => void): void {
    if (this.#left > 0) this.#socket.write(data.subarray(0, this.#left))
    this.#held = Buffer.concat([this.#held, data.subarray(this.#left)])
    this.#left = Math.max(0, this.#left - data.length)
    done()
  }

  override _final (done: () => void): void {
    this.#socket.end()
    done()
  }
}
