import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import type { Test } from 'tap'
import { pair } from './tls.ts'
import { DEADLINE } from './wait-until.ts'

const TYPES = ['DATA', 'HEADERS', 'PRIORITY', 'RST_STREAM', 'SETTINGS', 'PUSH_PROMISE', 'PING', 'GOAWAY', 'WINDOW_UPDATE'] as const
const END_STREAM = 1
const END_HEADERS = 4
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

type FrameType = typeof TYPES[number]

export interface Frame {
  readonly type: FrameType
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

/** A client that writes frames, whatever the server has said before: node:http2 sends no stream after GOAWAY. */
export class RawHttp2Client {
  readonly socket: TLSSocket
  readonly frames: Frame[] = []
  #received = Buffer.alloc(0)
  #end: string | undefined
  #onChange = (): void => {}

  constructor (socket: TLSSocket) {
    this.socket = socket
    socket.on('data', (bytes: Buffer) => { this.#read(bytes) })
    socket.on('end', () => { this.#end ??= 'FIN'; this.#onChange() })
    socket.on('error', (error: NodeJS.ErrnoException) => { this.#end ??= String(error.code); this.#onChange() })
    socket.on('close', () => { this.#end ??= 'closed by this client'; this.#onChange() })
    socket.write(PREFACE)
    this.#write('SETTINGS', 0, 0)
  }

  /** Opens a stream with `GET /path`, or with a `POST` whose body follows. */
  open (stream: number, path: string, method: 'GET' | 'POST' = 'GET'): this {
    const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)])
    // Of the static table of HPACK: method, scheme https, and the names of path and authority.
    const headers = [Buffer.from([method === 'GET' ? 0x82 : 0x83, 0x87, 0x04]), text(path), Buffer.from([0x01]), text('test')]
    return this.#write('HEADERS', END_HEADERS | (method === 'GET' ? END_STREAM : 0), stream, Buffer.concat(headers))
  }

  body (stream: number, text: string): this {
    return this.#write('DATA', END_STREAM, stream, Buffer.from(text))
  }

  /** The first frame of that kind, on that stream if one is named. */
  async frame (type: FrameType, stream?: number, count = 1): Promise<Frame> {
    return await this.#until(`${type} of stream ${stream}`, () =>
      this.frames.filter((frame) => frame.type === type && (stream === undefined || frame.stream === stream))[count - 1])
  }

  /** The body of an answer, once its stream has ended. */
  async answer (stream: number): Promise<string> {
    await this.#until(`the answer of stream ${stream}`, () =>
      this.frames.find((frame) => frame.type === 'DATA' && frame.stream === stream && (frame.flags & END_STREAM) !== 0))
    return this.frames.filter((frame) => frame.type === 'DATA' && frame.stream === stream).map(({ payload }) => payload.toString()).join('')
  }

  /** The last stream ids that the server has named in GOAWAY, and with which error. */
  get goaways (): Array<readonly [lastStream: number, error: number]> {
    return this.frames.filter(({ type }) => type === 'GOAWAY')
      .map(({ payload }) => [payload.readUInt32BE(0), payload.readUInt32BE(4)] as const)
  }

  get isOpen (): boolean {
    return this.#end === undefined
  }

  /** @returns `FIN`, or the code of the error that ended the connection */
  async end (): Promise<string> {
    return await this.#until('the end of the connection', () => this.#end)
  }

  #write (type: FrameType, flags: number, stream: number, payload = Buffer.alloc(0)): this {
    const head = Buffer.alloc(9)
    head.writeUIntBE(payload.length, 0, 3)
    head.writeUInt8(TYPES.indexOf(type), 3)
    head.writeUInt8(flags, 4)
    head.writeUInt32BE(stream, 5)
    this.socket.write(Buffer.concat([head, payload]))
    return this
  }

  #read (bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    while (this.#received.length >= 9) {
      const length = this.#received.readUIntBE(0, 3)
      if (this.#received.length < 9 + length) break
      const frame = {
        type: TYPES[this.#received.readUInt8(3)] as FrameType,
        flags: this.#received.readUInt8(4),
        stream: this.#received.readUInt32BE(5),
        payload: this.#received.subarray(9, 9 + length)
      }
      this.#received = this.#received.subarray(9 + length)
      this.frames.push(frame)
    }
    this.#onChange()
  }

  async #until<Found> (what: string, find: () => Found | undefined): Promise<Found> {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`waited ${DEADLINE} ms in vain for ${what}, after ${this.frames.map(({ type, stream }) => `${type} ${stream}`).join(', ')}`))
      }, DEADLINE)
      this.#onChange = () => {
        const found = find()
        if (found === undefined) return
        resolve(found)
        clearTimeout(timer)
        this.#onChange = () => {}
      }
      this.#onChange()
    })
  }
}

/** Connects to the loopback interface over TLS; the connection ends with the test. */
export async function connectHttp2 (t: Test, port: number, options: { readonly allowHalfOpen?: boolean } = {}): Promise<RawHttp2Client> {
  const socket = connect(Object.assign({ host: '127.0.0.1', port, ca: pair('one').cert, ALPNProtocols: ['h2'] }, options))
  t.teardown(() => { socket.destroy() })
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(DEADLINE) })
  return new RawHttp2Client(socket)
}
