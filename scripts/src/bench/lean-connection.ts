import { connect, type Socket } from 'node:net'

import type { Target } from '../clients/target.ts'

const HEAD_END = '\r\n\r\n'
const LENGTH = /^content-length: (\d+)\r?$/im
const CLOSES = /^connection: close\r?$/im
const SUCCESS = /^HTTP\/1\.1 2/

export interface LeanEvents {
  /** A complete answer with a status of 2xx; `closes` when it is the last on its connection. */
  readonly answered: (body: string, closes: boolean) => void
  /** Also without a request in progress: a reset, or a close while an answer is owed. */
  readonly failed: (error: Error) => void
  /** Closed by the other side while nothing was owed. */
  readonly closed: () => void
}

/**
 * One connection that costs little: it reads the length of an answer and not much else.
 *
 * The clients of the load test check everything and need more CPU time than the server: they would
 * measure themselves.
 */
export class LeanConnection {
  readonly #socket: Socket
  readonly #request: string
  readonly #events: LeanEvents
  #received = ''
  #isOwed = false
  #isOver = false

  constructor ({ host, port }: Target, request: string, events: LeanEvents) {
    this.#request = request
    this.#events = events
    this.#socket = connect({ host, port, noDelay: true })
    // One character for each byte, so that no character is split.
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => { this.#read(text) })
    this.#socket.on('error', (error) => { this.#fail(error) })
    this.#socket.on('close', () => { this.#close() })
  }

  /** May be called before the connection is open. */
  send (): void {
    this.#isOwed = true
    this.#socket.write(this.#request)
  }

  close (): void {
    this.#isOver = true
    this.#socket.destroy()
  }

  #read (text: string): void {
    if (this.#isOver) return
    this.#received = this.#received === '' ? text : this.#received + text
    const bodyAt = this.#received.indexOf(HEAD_END) + HEAD_END.length
    if (bodyAt < HEAD_END.length) return
    const head = this.#received.slice(0, bodyAt)
    const length = Number(LENGTH.exec(head)?.[1] ?? NaN)
    if (!SUCCESS.test(head) || Number.isNaN(length) || !this.#isOwed) {
      this.#fail(new Error(`unexpected answer: ${head.slice(0, head.indexOf('\r'))}`))
    } else if (this.#received.length >= bodyAt + length) {
      this.#answer(this.#received.slice(bodyAt), CLOSES.test(head))
    }
  }

  #answer (body: string, closes: boolean): void {
    this.#received = ''
    this.#isOwed = false
    if (closes) this.close()
    this.#events.answered(body, closes)
  }

  #fail (error: Error): void {
    if (this.#isOver) return
    this.close()
    this.#events.failed(error)
  }

  #close (): void {
    if (this.#isOver) return
    if (this.#isOwed) {
      this.#fail(new Error('closed without an answer'))
    } else {
      this.close()
      this.#events.closed()
    }
  }
}
