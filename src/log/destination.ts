import { writeSync } from 'node:fs'

/** Writes what can be written at once; answers and throws as `fs.writeSync()` does. */
export type Write = (bytes: Buffer) => number

/** A stream of the process; Node does not document its handle. */
interface StandardStream {
  readonly fd: number
  readonly isTTY?: boolean
  readonly _handle?: { readonly setBlocking?: (isBlocking: boolean) => unknown }
}

interface Pending {
  readonly bytes: Buffer
  /** What is still to be written of it. */
  rest: Buffer
  isBegun: boolean
  /** Lines that are lost with it. */
  readonly lines: number
}

/** Bytes kept while the reader is slow; beyond it lines are lost. A longer line is kept only alone. */
const MAX_PENDING = 1024 * 1024
const RETRY_DELAY = 50
/** A disk may have room again; a reader that has gone does not come back. */
const GONE: ReadonlyArray<string | undefined> = ['EPIPE', 'EIO', 'EBADF']

/**
 * Where log lines go. A line that cannot be written (full disk, vanished terminal, a pipe that nobody
 * reads) is lost, and nothing else happens: no error, no wait, no exit that does not end. When writing
 * works again, a line in the place of the lost ones says how many they were.
 *
 * pino's own destination reports such a line as an error that nobody catches, and its last flush at
 * `process.exit()` tries for ever.
 */
export class LogDestination {
  readonly #write: Write
  readonly #format: (line: string) => string
  #pending: Pending[] = []
  #bytes = 0
  /** Lines lost since the last of `#pending`. */
  #lost = 0
  #retry: NodeJS.Timeout | undefined
  #isClosed = false

  /** @param format what is written for a line of JSON */
  constructor (write: Write, format: (line: string) => string = (line) => line) {
    this.#write = write
    this.#format = format
  }

  write (line: string): void {
    if (this.#isClosed) return
    if (this.#retry === undefined) {
      this.#add(line, 1)
      this.flush()
    } else if (this.#lost > 0 || !this.#add(line, 1)) {
      // Also a short one that would fit: a gap is in one place.
      this.#lost++
    }
  }

  /** Tries once to write what is pending, and does not wait for it. */
  flush (): void {
    if (this.#isClosed) return
    clearTimeout(this.#retry)
    this.#retry = undefined
    try {
      if (!this.#writePending() || !this.#tellLost()) this.#tryLater()
    } catch (error) {
      this.#giveUp((error as NodeJS.ErrnoException).code)
    }
  }

  /**
   * What is written to from now on is another file, or another pipe: a line that is half written is written
   * anew there, and whatever the one before came to, this one may take lines.
   */
  startOver (): void {
    this.#isClosed = false
    const [first] = this.#pending
    if (first?.isBegun === true) {
      this.#bytes += first.bytes.length - first.rest.length
      first.rest = first.bytes
      first.isBegun = false
    }
    this.flush()
  }

  /** @returns whether there was room for it */
  #add (line: string, lines: number): boolean {
    const rest = Buffer.from(this.#format(line))
    if (this.#pending.length > 0 && this.#bytes + rest.length > MAX_PENDING) return false
    this.#bytes += rest.length
    this.#pending.push({ bytes: rest, rest, isBegun: false, lines })
    return true
  }

  /**
   * Line by line: a pipe takes up to 4096 bytes whole or not at all, so that no other worker's line gets
   * into the middle of one.
   *
   * @returns whether everything is written
   */
  #writePending (): boolean {
    for (let [first] = this.#pending; first !== undefined; [first] = this.#pending) {
      const written = this.#write(first.rest)
      this.#bytes -= written
      first.rest = first.rest.subarray(written)
      first.isBegun ||= written > 0
      if (first.rest.length === 0) this.#pending.shift()
      else if (written === 0) return false
    }
    return true
  }

  #tellLost (): boolean {
    if (this.#lost === 0) return true
    const lines = this.#lost
    this.#lost = 0
    this.#add(`${JSON.stringify({
      level: 40, time: Date.now(), pid: process.pid, event: 'log:lost', lines, msg: 'log lines are lost: the reader of the log is too slow, or its disk is full'
    })}\n`, lines)
    return this.#writePending()
  }

  #giveUp (code: string | undefined): void {
    this.#isClosed = GONE.includes(code)
    if (this.#isClosed) this.#pending = []
    else this.#tryLater()
    if (code !== 'EAGAIN') this.#lose()
  }

  /** Keeps the rest of a line that is half written: the next line would be glued to the half. */
  #lose (): void {
    const whole = this.#pending.filter(({ isBegun }) => !isBegun)
    this.#pending = this.#pending.filter(({ isBegun }) => isBegun)
    this.#lost += whole.reduce((sum, { lines }) => sum + lines, 0)
    this.#bytes -= whole.reduce((sum, { rest }) => sum + rest.length, 0)
  }

  #tryLater (): void {
    this.#retry = setTimeout(() => { this.flush() }, RETRY_DELAY)
    this.#retry.unref()
  }
}

/** @returns how to write to a stream of the process without waiting for its reader */
export function withoutWaiting (stream: StandardStream): Write {
  return (bytes) => {
    // Each time: all processes share the mode of a pipe, and the start and the end of each make it one that
    // waits again. A terminal waits: Ctrl-S is meant so.
    if (stream.isTTY !== true) stream._handle?.setBlocking?.(false)
    return writeSync(stream.fd, bytes)
  }
}
