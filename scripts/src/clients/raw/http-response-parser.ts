import { parseResponseHead, type ResponseHead } from './http-response-head.ts'
import { MalformedResponseError } from './malformed-response-error.ts'

/** One complete answer; the body is decoded from its chunks. */
export interface HttpResponse extends ResponseHead {
  readonly body: Buffer
}

/** What has arrived so far of an answer. */
export interface PendingResponse {
  /** Statuses of the interim answers (1xx) before it. */
  readonly interim: readonly number[]
  /** Undefined until the head is complete. */
  readonly pendingHead: ResponseHead | undefined
  readonly pendingBody: Buffer
}

type State = 'head' | 'sized' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'until-closed' | 'over'

const EMPTY = Buffer.alloc(0)
const END_OF_LINE = '\r\n'
const END_OF_HEAD = '\r\n\r\n'
const CHUNK_SIZE = /^([\da-f]{1,8})(?:[ \t]*;.*)?$/i

const MAX_HEAD = 64 * 1024
const MAX_LINE = 4 * 1024
const MAX_BODY = 64 * 1024 * 1024

/**
 * Reads the answers on one HTTP/1.1 connection, however they are split (RFC 9112).
 *
 * For answers to GET, POST and PUT: an answer to HEAD or CONNECT would be misread. Interim answers (1xx) are
 * only noted. It is stricter than a client has to be, because leniency would hide a failure: a bare line
 * feed, a body with two lengths and a coding other than chunked are errors. The limits are 64 KiB for a
 * head and 64 MiB for a body.
 */
export class HttpResponseParser implements PendingResponse {
  #state: State = 'head'
  /** Received, but not taken yet. */
  #rest: Buffer = EMPTY
  /** How many bytes of the answer that is being read have been taken. */
  #taken = 0
  #head: ResponseHead | undefined
  #interim: number[] = []
  #parts: Buffer[] = []
  #bodyLength = 0
  /** How many bytes the body, or its current chunk, still lacks. */
  #lacking = 0

  /** How many bytes of an incomplete answer have arrived; an interim answer before it does not count. */
  get pendingBytes (): number {
    return this.#taken + this.#rest.length
  }

  get interim (): readonly number[] {
    return this.#interim
  }

  get pendingHead (): ResponseHead | undefined {
    return this.#head
  }

  get pendingBody (): Buffer {
    return Buffer.concat(this.#parts)
  }

  /**
   * @returns the answers that these bytes complete
   * @throws MalformedResponseError when they are not HTTP; the parser must not be used afterwards
   */
  push (bytes: Buffer): HttpResponse[] {
    const responses: HttpResponse[] = []
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    while (this.#step(responses));
    return responses
  }

  /**
   * The server has sent its last byte.
   *
   * @returns the answer that this completes, one without a length. Any other answer with `pendingBytes` is cut.
   */
  finish (): HttpResponse | undefined {
    if (this.#state !== 'until-closed') return undefined
    const responses: HttpResponse[] = []
    this.#complete(responses)
    return responses[0]
  }

  /** @returns whether there may be more to read in the bytes at hand */
  #step (responses: HttpResponse[]): boolean {
    switch (this.#state) {
      case 'head': return this.#readHead(responses)
      case 'sized': return this.#readSized(responses)
      case 'chunk-size': return this.#readChunkSize()
      case 'chunk': return this.#readChunk()
      case 'chunk-end': return this.#readChunkEnd()
      case 'trailers': return this.#readTrailer(responses)
      case 'until-closed': return this.#readUntilClosed()
      case 'over': return this.#ignore()
    }
  }

  #readHead (responses: HttpResponse[]): boolean {
    const text = this.#takeText(END_OF_HEAD, MAX_HEAD)
    if (text === undefined) return false

    const head = parseResponseHead(text)
    if (head.status === 101) throw new MalformedResponseError('101 without an Upgrade')
    if (head.status < 200) {
      this.#interim.push(head.status)
      this.#taken = 0
      return true
    }

    this.#head = head
    if (head.framing.kind === 'chunked') {
      this.#state = 'chunk-size'
    } else if (head.framing.kind === 'until-closed') {
      this.#state = 'until-closed'
    } else {
      this.#state = 'sized'
      this.#lacking = head.framing.length
      if (this.#lacking > MAX_BODY) throw new MalformedResponseError(`a body of ${this.#lacking} bytes`)
      if (this.#lacking === 0) this.#complete(responses)
    }
    return true
  }

  #readSized (responses: HttpResponse[]): boolean {
    if (!this.#takeBody()) return false
    this.#complete(responses)
    return true
  }

  #readChunkSize (): boolean {
    const line = this.#takeText(END_OF_LINE, MAX_LINE)
    if (line === undefined) return false
    const digits = CHUNK_SIZE.exec(line)?.[1]
    if (digits === undefined) throw new MalformedResponseError(`the chunk size ${JSON.stringify(line)}`)
    this.#lacking = Number.parseInt(digits, 16)
    this.#state = this.#lacking === 0 ? 'trailers' : 'chunk'
    return true
  }

  #readChunk (): boolean {
    if (!this.#takeBody()) return false
    this.#state = 'chunk-end'
    return true
  }

  #readChunkEnd (): boolean {
    if (this.#rest.length < END_OF_LINE.length) return false
    if (this.#take(END_OF_LINE.length).toString('latin1') !== END_OF_LINE) {
      throw new MalformedResponseError('a chunk longer than its size')
    }
    this.#state = 'chunk-size'
    return true
  }

  #readTrailer (responses: HttpResponse[]): boolean {
    const line = this.#takeText(END_OF_LINE, MAX_LINE)
    if (line === undefined) return false
    if (line === '') this.#complete(responses)
    return true
  }

  #readUntilClosed (): boolean {
    this.#lacking = this.#rest.length
    this.#takeBody()
    return false
  }

  /** What follows an answer that closes must not be read (RFC 9112, section 9.6). */
  #ignore (): boolean {
    this.#rest = EMPTY
    return false
  }

  #complete (responses: HttpResponse[]): void {
    if (this.#head === undefined) throw new Error('a body without a head')
    const body = this.#parts.length === 1 ? this.#parts[0] ?? EMPTY : Buffer.concat(this.#parts)
    responses.push({ ...this.#head, body })
    this.#state = this.#head.closes ? 'over' : 'head'
    this.#head = undefined
    this.#interim = []
    this.#parts = []
    this.#bodyLength = 0
    this.#taken = 0
  }

  /** @returns whether the body, or its current chunk, is complete */
  #takeBody (): boolean {
    const part = this.#take(Math.min(this.#lacking, this.#rest.length))
    if (part.length > 0) this.#parts.push(part)
    this.#lacking -= part.length
    this.#bodyLength += part.length
    if (this.#bodyLength > MAX_BODY) throw new MalformedResponseError(`a body of more than ${MAX_BODY} bytes`)
    return this.#lacking === 0
  }

  /** @returns the text before the delimiter, which is taken too; undefined until it has arrived */
  #takeText (delimiter: string, limit: number): string | undefined {
    const length = this.#rest.indexOf(delimiter, 0, 'latin1')
    if (length > limit || (length < 0 && this.#rest.length > limit)) {
      throw new MalformedResponseError(`more than ${limit} bytes without an end of the ${this.#state}`)
    }
    return length < 0 ? undefined : this.#take(length + delimiter.length).toString('latin1', 0, length)
  }

  #take (length: number): Buffer {
    const bytes = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    this.#taken += length
    return bytes
  }
}
