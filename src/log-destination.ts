import { writeSync } from 'node:fs'

type Write = (fd: number, bytes: Buffer) => number

/** Bytes kept while the reader of a pipe is slow; beyond it lines are lost. */
const MAX_PENDING = 1024 * 1024
const RETRY_DELAY = 50

/**
 * Where log lines go. A line that cannot be written (full disk, vanished terminal, a pipe that nobody
 * reads) is lost, and nothing else happens: no error, no wait, no exit that does not end.
 *
 * pino's own destination reports such a line as an error that nobody catches, and its last flush at
 * `process.exit()` tries for ever.
 */
export class LogDestination {
  readonly #fd: number
  readonly #write: Write
  /** What a pipe did not take yet. */
  #pending = Buffer.alloc(0)
  #retry: NodeJS.Timeout | undefined
  #isClosed = false

  constructor (fd: number, write: Write = writeSync) {
    this.#fd = fd
    this.#write = write
  }

  write (line: string): void {
    if (this.#isClosed || this.#pending.length > MAX_PENDING) return
    const bytes = Buffer.from(line)
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    if (this.#retry === undefined) this.#flush()
  }

  #flush (): void {
    this.#retry = undefined
    try {
      while (this.#pending.length > 0) {
        this.#pending = this.#pending.subarray(this.#write(this.#fd, this.#pending))
      }
    } catch (error) {
      this.#give((error as NodeJS.ErrnoException).code)
    }
  }

  #give (code: string | undefined): void {
    if (code === 'EAGAIN') {
      this.#retry = setTimeout(() => { this.#flush() }, RETRY_DELAY)
      this.#retry.unref()
      return
    }
    this.#pending = Buffer.alloc(0)
    // A disk may have room again; a reader that has gone does not come back.
    this.#isClosed = code === 'EPIPE' || code === 'EIO' || code === 'EBADF'
  }
}
