import { writeSync } from 'node:fs'

/** Writes as much as is possible without waiting; returns and throws as `fs.writeSync()` does. */
export type Write = (bytes: Buffer) => number

/** A stream of the process; Node does not document its handle. */
interface StandardStream {
  readonly fd: number
  readonly isTTY?: boolean
  readonly _handle?: { readonly setBlocking?: (isBlocking: boolean) => unknown }
}

interface Pending {
  readonly bytes: Buffer
  /** The part that has not been written yet. */
  rest: Buffer
  isBegun: boolean
  /** Lines that are lost if this one is. */
  readonly lines: number
}

/** Bytes kept for a slow reader; further lines are lost. A longer line is kept only if no other is pending. */
const MAX_PENDING = 1024 * 1024
const RETRY_DELAY = 50
/** A full disk may get room again, but a reader that has gone does not come back. */
const GONE: ReadonlyArray<string | undefined> = ['EPIPE', 'EIO', 'EBADF']

/**
 * Where log lines go. A line that cannot be written (full disk, closed terminal, a pipe without a reader) is lost, but
 * causes no error, no wait and no exit that hangs. When writing works again, a line in place of the lost ones says how
 * many there were.
 *
 * pino's own destination reports such a line as an uncaught error, and its last flush at `process.exit()` retries
 * forever.
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

  /** @param format makes the written line from a line of JSON */
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
      // Even if it is short enough to fit, so that all lost lines are in one place.
      this.#lost++
    }
  }

  /** Tries once to write the pending lines, without waiting. */
  flush (): void {
    if (this.#isClosed) return
    clearTimeout(this.#retry)
    this.#retry = undefined
    try {
      if (!this.#writePending() || !this.#reportLost()) this.#tryLater()
    } catch (error) {
      this.#giveUp((error as NodeJS.ErrnoException).code)
    }
  }

  /**
   * Continues after the output was replaced by another file or pipe: writes a half-written line again in full, and
   * writes even if the output before was closed.
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

  /** @returns whether there was room for the line */
  #add (line: string, lines: number): boolean {
    const rest = Buffer.from(this.#format(line))
    if (this.#pending.length > 0 && this.#bytes + rest.length > MAX_PENDING) return false
    this.#bytes += rest.length
    this.#pending.push({ bytes: rest, rest, isBegun: false, lines })
    return true
  }

  /**
   * Writes line by line: a pipe takes up to 4096 bytes in one piece or not at all, so that lines of several workers do
   * not mix.
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

  #reportLost (): boolean {
    if (this.#lost === 0) return true
    const lines = this.#lost
    this.#lost = 0
    const msg = 'log lines were lost: the reader of the log is too slow, or the disk is full'
    const entry = { level: 40, time: Date.now(), pid: process.pid, event: 'log:lost', lines, msg }
    this.#add(`${JSON.stringify(entry)}\n`, lines)
    return this.#writePending()
  }

  #giveUp (code: string | undefined): void {
    this.#isClosed = GONE.includes(code)
    if (this.#isClosed) this.#pending = []
    else this.#tryLater()
    if (code !== 'EAGAIN') this.#lose()
  }

  /** Keeps the rest of a half-written line, which the next line would otherwise continue. */
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

/** @returns a function that writes to a stream of the process without waiting for its reader */
export function withoutWaiting (stream: StandardStream): Write {
  return (bytes) => {
    // On every write: all processes share the mode of a pipe, and each makes it blocking again when it starts and
    // exits. A terminal stays blocking, so that Ctrl-S works.
    if (stream.isTTY !== true) stream._handle?.setBlocking?.(false)
    return writeSync(stream.fd, bytes)
  }
}
