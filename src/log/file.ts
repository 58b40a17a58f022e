import { closeSync, constants, fstatSync, openSync, statSync, writeSync } from 'node:fs'
import { LogFileError, toErrorReport } from '../errors.ts'
import { LogDestination, withoutWaiting, type Write } from './destination.ts'
import type { Logger } from 'pino'

type Log = Pick<Logger, 'info' | 'error'>

/** Non-blocking, because opening a named pipe without a reader would hang otherwise. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
/** The group may read it. */
const MODE = 0o640

/**
 * The file of LOG_FILE. Every process opens it for appending and writes each line at once, so that lines of several
 * processes do not mix.
 *
 * Until it is open, lines go to standard output, so that a worker can serve without a log file.
 */
export class LogFile {
  readonly path: string
  readonly destination: LogDestination
  readonly #fallback: Write
  #fd: number | undefined
  #follows = false

  /**
   * @param path absolute
   * @param fallback where lines go until the file is open
   */
  constructor (path: string, fallback: Write = withoutWaiting(process.stdout)) {
    this.path = path
    this.#fallback = fallback
    this.destination = new LogDestination((bytes) => this.#write(bytes))
  }

  /**
   * Opens the path again; keeps the open file when that fails.
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

  /** Opens the file for a worker, which should serve even when its log cannot be written. */
  openOrExplain (log: Log): void {
    try {
      this.open()
    } catch (error) {
      log.error(
        { event: 'log:unopened', err: toErrorReport(error) },
        'cannot open the log file; this worker logs to standard output until SIGUSR2 to the primary reopens the file'
      )
    }
  }

  /** Logs the result, into the file that is open afterwards. */
  reopen (log: Log): void {
    try {
      this.open()
      log.info({ event: 'log:reopened', file: this.path }, 'log file reopened')
    } catch (error) {
      log.error(
        { event: 'log:unopened', err: toErrorReport(error) },
        'cannot reopen the log file; this process continues to log where it did'
      )
    }
  }

  /** Checks before each line whether the file was renamed, for a process that no longer receives messages about it. */
  follow (): void {
    this.#follows = true
  }

  #write (bytes: Buffer): number {
    if (this.#follows) this.#catchUp()
    return this.#fd === undefined ? this.#fallback(bytes) : writeSync(this.#fd, bytes)
  }

  #open (): void {
    const before = this.#fd
    this.#fd = openSync(this.path, FLAGS, MODE)
    if (before !== undefined) closeSync(before)
  }

  /** Keeps the open file when the path cannot be opened. */
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
