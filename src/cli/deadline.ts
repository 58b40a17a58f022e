import { CommandTimeoutError, InterruptedError } from '../errors.ts'
import { seconds } from './units.ts'

/** How long a command waits: until its deadline, or until the user has had enough. */
export class Patience {
  /** Aborted with the error that says which of them it was. */
  readonly signal: AbortSignal
  readonly #timer: NodeJS.Timeout
  readonly #interrupt: AbortSignal
  readonly #onInterrupt: () => void

  /**
   * @param timeout milliseconds
   * @param goesOn what happens without the command, as the end of a sentence
   */
  constructor (timeout: number, interrupt: AbortSignal, goesOn: string) {
    // Not AbortSignal.any(): some versions of Node lose a signal that only it knows.
    const controller = new AbortController()
    this.signal = controller.signal
    this.#timer = setTimeout(() => { controller.abort(new CommandTimeoutError(seconds(timeout), goesOn)) }, timeout)
    this.#interrupt = interrupt
    this.#onInterrupt = () => { controller.abort(new InterruptedError(goesOn)) }
    if (interrupt.aborted) this.#onInterrupt()
    else interrupt.addEventListener('abort', this.#onInterrupt)
  }

  /** It is over: nothing keeps the process alive any more. */
  end (): void {
    clearTimeout(this.#timer)
    this.#interrupt.removeEventListener('abort', this.#onInterrupt)
  }
}
