import { CommandTimeoutError, InterruptedError } from '../errors.ts'
import { seconds } from './units.ts'

/** How long a command waits: until its timeout, or until the user interrupts it. */
export class Deadline {
  /** Aborted with the error that says which of the two happened. */
  readonly signal: AbortSignal
  readonly #timer: NodeJS.Timeout
  readonly #interrupt: AbortSignal
  readonly #onInterrupt: () => void

  /**
   * @param timeout milliseconds
   * @param afterwards what continues without the command; ends the error's sentence
   */
  constructor (timeout: number, interrupt: AbortSignal, afterwards: string) {
    // Not AbortSignal.any(): some versions of Node garbage-collect a signal that only it refers to.
    const controller = new AbortController()
    this.signal = controller.signal
    this.#timer = setTimeout(() => { controller.abort(new CommandTimeoutError(seconds(timeout), afterwards)) }, timeout)
    this.#interrupt = interrupt
    this.#onInterrupt = () => { controller.abort(new InterruptedError(afterwards)) }
    if (interrupt.aborted) this.#onInterrupt()
    else interrupt.addEventListener('abort', this.#onInterrupt)
  }

  /** Stops the timer, which would keep the process alive. */
  clear (): void {
    clearTimeout(this.#timer)
    this.#interrupt.removeEventListener('abort', this.#onInterrupt)
  }
}
