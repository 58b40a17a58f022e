import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { connect as connectSecurely, type ConnectionOptions } from 'node:tls'
import type { Test } from 'tap'
import { takeAnswer, type RawAnswer } from './raw-answer.ts'
import { pair } from './tls.ts'
import { DEADLINE } from './wait-until.ts'

/** A client that writes bytes and never retries, to see what happens to a connection. */
export class RawClient {
  readonly socket: Socket
  /** What was received and is part of no answer yet. */
  received = ''
  #end: string | undefined
  #onChange = (): void => {}

  constructor (socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => { this.received += text; this.#onChange() })
    socket.on('end', () => { this.#end ??= 'FIN'; this.#onChange() })
    socket.on('error', (error: NodeJS.ErrnoException) => { this.#end = String(error.code); this.#onChange() })
    socket.on('close', () => { this.#end ??= 'closed by this client'; this.#onChange() })
  }

  send (...texts: string[]): this {
    this.socket.write(texts.join(''), 'latin1')
    return this
  }

  /** The next answer, informational ones included; rejects when the connection ends before it is whole. */
  async answer ({ isToHead = false } = {}): Promise<RawAnswer> {
    const taken = await this.#until('an answer', () => {
      const found = takeAnswer(this.received, isToHead, this.#end === 'FIN')
      if (found === undefined && this.#end !== undefined) {
        throw new Error(`${this.#end} instead of an answer, after ${JSON.stringify(this.received)}`)
      }
      return found
    })
    this.received = taken.rest
    return taken.answer
  }

  async answers (count: number): Promise<RawAnswer[]> {
    const answers: RawAnswer[] = []
    while (answers.length < count) answers.push(await this.answer())
    return answers
  }

  /** @returns `FIN`, or the code of the error that ended the connection, and what came before it */
  async end (): Promise<string> {
    const end = await this.#until('the end of the connection', () => this.#end)
    return this.received === '' ? end : `${end} after ${JSON.stringify(this.received)}`
  }

  /** The first bytes that match. */
  async receives (text: string): Promise<void> {
    await this.#until(text, () => this.received.includes(text) || undefined)
  }

  /** Whether the server has said nothing more, and not closed either. */
  get isQuiet (): boolean {
    return this.received === '' && this.#end === undefined
  }

  async #until<Found> (what: string, find: () => Found | undefined): Promise<Found> {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`waited ${DEADLINE} ms in vain for ${what}, after ${JSON.stringify(this.received)}`))
      }, DEADLINE)
      this.#onChange = () => {
        try {
          const found = find()
          if (found === undefined) return
          resolve(found)
        } catch (error) {
          reject(new Error((error as Error).message, { cause: error }))
        }
        clearTimeout(timer)
        this.#onChange = () => {}
      }
      this.#onChange()
    })
  }
}

/** Connects to the loopback interface; the connection ends with the test. */
export async function connectRaw (t: Test, port: number, options: Partial<NetConnectOpts> = {}): Promise<RawClient> {
  const socket = connect({ host: '127.0.0.1', port, ...options })
  t.teardown(() => { socket.destroy() })
  const client = new RawClient(socket)
  await once(socket, 'connect', { signal: AbortSignal.timeout(DEADLINE) })
  return client
}

/** The same over TLS, once the handshake is over; the server is trusted by its test certificate. */
export async function connectTls (t: Test, port: number, options: Partial<ConnectionOptions> = {}): Promise<RawClient> {
  const socket = connectSecurely({ host: '127.0.0.1', port, ca: pair('one').cert, ...options })
  t.teardown(() => { socket.destroy() })
  const client = new RawClient(socket)
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(DEADLINE) })
  return client
}

/** @returns the text of a request; headers that are given replace those it would have */
export function request (target: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const [method, url] = target.split(' ')
  const length = body === '' ? {} : { 'content-length': String(body.length) }
  const lines = Object.entries({ host: 'test', ...length, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}
