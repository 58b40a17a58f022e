import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { Test } from 'tap'
import { takeAnswer } from './raw-answer.ts'
import type { MalformedRequest } from './malformed.ts'
import { DEADLINE, waitUntil } from './wait-until.ts'

/** What became of a malformed request. */
export interface Reaction {
  readonly request: MalformedRequest
  /** Of the answers that came whole. */
  readonly statuses: readonly number[]
  /** What came and is no answer. */
  readonly rest: string
  /** `FIN`, the code of the error that ended the connection, or that nothing did. */
  readonly end: string
}

/** A connection for one malformed request; it may be opened long before. */
export class MalformedClient {
  readonly #socket: Socket
  #received = ''
  #end: string | undefined

  private constructor (socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => { this.#received += text })
    socket.on('end', () => { this.#end ??= 'FIN' })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => { this.#end ??= String(code) })
    socket.on('close', () => { this.#end ??= 'FIN' })
  }

  /** The connection ends with the test. */
  static async open (t: Test, options: NetConnectOpts): Promise<MalformedClient> {
    const socket = connect({ ...options, allowHalfOpen: true })
    t.teardown(() => { socket.destroy() })
    const client = new MalformedClient(socket)
    await once(socket, 'connect', { signal: AbortSignal.timeout(DEADLINE) })
    return client
  }

  /** @param read resolves when the server has read what was sent before, as far as can be known */
  async send (request: MalformedRequest, read: () => Promise<void>): Promise<Reaction> {
    this.#socket.setNoDelay(true)
    for (const piece of request.pieces) {
      if (!this.#socket.writable) break
      await new Promise((resolve) => { this.#socket.write(piece, 'latin1', resolve) })
      await new Promise(setImmediate)
    }
    // The server may wait for what is missing, or for the next request.
    if (!request.isHopeless) {
      await read()
      this.#socket.end()
    }
    // The others continue, so that a failure names all that hang.
    await waitUntil(() => this.#end !== undefined, () => 'the end').catch(() => { this.#end = 'no end' })
    this.#socket.destroy()
    return { request, ...split(this.#received), end: String(this.#end) }
  }
}

/** @returns a request as a failed test says it */
export function describe ({ id, kind, pieces }: MalformedRequest): string {
  return `${id}, ${kind}: ${JSON.stringify(pieces.map((piece) => piece.length > 300 ? `${piece.slice(0, 200)}... (${piece.length})` : piece))}`
}

function split (text: string): { statuses: number[], rest: string } {
  const statuses: number[] = []
  let rest = text
  for (let taken = takeAnswer(rest, false, true); taken !== undefined; taken = takeAnswer(rest, false, true)) {
    statuses.push(taken.answer.status)
    rest = taken.rest
  }
  return { statuses, rest }
}
