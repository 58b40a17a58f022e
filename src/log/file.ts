import { closeSync, constants, fstatSync, openSync, statSync, writeSync } from 'node:fs'
import { LogFileError, toErrorReport } from '../errors.ts'
import { LogDestination, withoutWaiting, type Write } from './destination.ts'
import type { Logger } from 'pino'

type Log = Pick<Logger, 'info' | 'error'>

/** A pipe without a reader is an error then, and not a wait that does not end. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
/** Its group reads along. */
const MODE = 0o640

/**
 * The file of LOG_FILE, as each process has it open: for append, one write a line, so that lines of several
 * processes do not mix.
 *
 * Lines go to standard output until it is open, so that a worker serves although its log is nowhere.
 */
export class LogFile {
  readonly path: string
  readonly destination: LogDestination
  readonly #unopened: Write
  #fd: number | undefined
  #follows = false

  /**
   * @param path absolute
   * @param unopened where lines go until it is open
   */
  constructor (path: string, unopened: Write = withoutWaiting(process.stdout)) {
    this.path = path
    this.#unopened = unopened
    this.destination = new LogDestination((bytes) => this.#write(bytes))
  }

  /**
   * Opens the path anew, and goes on with what was open when that is not possible.
   *
   * @throws LogFileError
   */
  open (): void {
    try {
      this.#open()
    } catch (error) {
      throw new LogFileError(this.path, (error as Error).message)
    }
    this.destination.startOver()
  }

  /** Opens it for a worker, which has better things to do than to fail because of its log. */
  openOrExplain (log: Log): void {
    try {
      this.open()
    } catch (error) {
      log.error({ event: 'log:unopened', err: toErrorReport(error) }, 'lines of this worker go to standard output until SIGUSR2 to the primary finds the log file in order')
    }
  }

  /** One line says how it went, in the file that is written to by then. */
  reopen (log: Log): void {
    try {
      this.open()
      log.info({ event: 'log:reopened', file: this.path }, 'log file reopened')
    } catch (error) {
      log.error({ event: 'log:unopened', err: toErrorReport(error) }, 'log file not reopened; lines go on to where they went')
    }
  }

  /** Nobody will tell this process any more that the file was renamed: it looks before each line. */
  follow (): void {
    this.#follows = true
  }

  #write (bytes: Buffer): number {
    if (this.#follows) this.#catchUp()
    return this.#fd === undefined ? this.#unopened(bytes) : writeSync(this.#fd, bytes)
  }

  #open (): void {
    const before = this.#fd
    this.#fd = openSync(this.path, FLAGS, MODE)
    if (before !== undefined) closeSync(before)
  }

  /** What cannot be opened leaves everything as it is. */
  #catchUp (): void {
    try {
      if (!this.#isCurrent()) this.#open()
    } catch {}
  }

  #isCurrent (): boolean {
    if (this.#fd === undefined) return false
    const [there, open] = [statSync(this.path, { throwIfNoEntry: false }), fstatSync(this.#fd)]
    return there?.ino === open.ino && there.dev === open.dev
  }
}
