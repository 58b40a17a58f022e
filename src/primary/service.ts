import closeWithGrace from 'close-with-grace'
import { ExitCode } from '../exit-codes.ts'
import type { LogFile } from '../log/file.ts'
import type { Logger } from '../log/logger.ts'
import type { Commands } from './signals.ts'
import type { SlotPorts } from './listen/slot-ports.ts'
import type { Supervisor } from './supervisor/supervisor.ts'
import { watchTerminal } from './terminal.ts'

/** All that close-with-grace would take for a stop; ours are in signals.ts, and the others end a process as ever. */
const SIGNALS = [
  'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGSEGV', 'SIGUSR2', 'SIGTERM'
] as const

export interface Operated {
  readonly supervisor: Supervisor
  readonly log: Logger
  /** Undefined without `LOG_FILE`. */
  readonly logFile: LogFile | undefined
  /** Undefined without `SLOT_PORT_BASE`. */
  readonly slotPorts: SlotPorts | undefined
  /** What has to be said before the process exits; it says so within a limit of its own. */
  readonly farewells: ReadonlyArray<(code: ExitCode) => Promise<void>>
}

/**
 * What signals and the control socket ask of a running service, and its end: whoever asks for a stop, and also after
 * an error of the primary itself, the workers finish what they hold.
 */
export class Operation implements Commands {
  readonly #supervisor: Supervisor
  readonly #log: Logger
  readonly #logFile: LogFile | undefined
  readonly #slotPorts: SlotPorts | undefined
  readonly #isTerminalGone = watchTerminal()
  readonly #close: () => void
  /** Changes of the number of workers, in the order in which they were asked for. */
  #scaling: Promise<unknown> = Promise.resolve()
  #isUrgent = false
  #leastCode: ExitCode = ExitCode.ok

  constructor ({ supervisor, log, logFile, slotPorts, farewells }: Operated) {
    this.#supervisor = supervisor
    this.#log = log
    this.#logFile = logFile
    this.#slotPorts = slotPorts
    this.#close = this.#closeWithGrace()
    supervisor.once('stopped', (code) => {
      if (code !== ExitCode.cannotStart) log.info({ code }, 'stopped')
      const exitCode = Math.max(code, this.#leastCode) as ExitCode
      Promise.allSettled(farewells.map(async (say) => { await say(exitCode) })).then(() => { process.exit(exitCode) }, () => {})
    })
  }

  readonly reload = (): void => {
    if (this.#isTerminalGone()) {
      this.#log.warn('the terminal has gone; stopping')
      this.stop(true)
    } else {
      this.#supervisor.reload()
    }
  }

  readonly scale = (difference: number): void => {
    this.#scale(() => difference).catch((error: unknown) => {
      this.#log.warn({ err: error }, `the number of workers stays: ${(error as Error).message}`)
    })
  }

  /**
   * @returns how many workers there are to be
   * @throws SlotPortTakenError, SlotPortTooHighError
   */
  readonly scaleTo = async (workers: number): Promise<number> => {
    await this.#scale(() => workers - this.#supervisor.length)
    return this.#supervisor.length
  }

  readonly reopenLogs = (): void => {
    if (this.#logFile === undefined) return
    this.#logFile.reopen(this.#log)
    this.#supervisor.reopenLogs()
  }

  readonly stop = (isUrgent: boolean): void => {
    this.#isUrgent = isUrgent
    this.#close()
  }

  readonly kill = (): void => {
    this.#log.warn('killing the workers')
    this.#supervisor.kill()
    process.exit(ExitCode.forced)
  }

  /** No worker is added for a slot that cannot have its port. */
  async #scale (difference: () => number): Promise<void> {
    if (this.#slotPorts === undefined) {
      this.#supervisor.scale(difference())
      return
    }
    const slotPorts = this.#slotPorts
    const scaled = this.#scaling.then(async () => {
      const change = difference()
      const { length } = this.#supervisor
      await slotPorts.check(length, length + change)
      this.#supervisor.scale(change)
    })
    this.#scaling = scaled.catch(() => {})
    await scaled
  }

  /** @returns what asks for a stop */
  #closeWithGrace (): () => void {
    const { close } = closeWithGrace({
      // The stop has its own deadline, and an exit of the primary alone would leave workers behind.
      delay: false,
      skip: [...SIGNALS],
      logger: false,
      /* c8 ignore next 4 -- a defect of the primary: no test has one */
      onSecondError: (err) => {
        this.#log.fatal({ err }, 'another error of the primary')
        this.kill()
      }
    }, async ({ err }) => {
      /* c8 ignore next 4 -- the same */
      if (err !== undefined) {
        this.#log.fatal({ err }, 'an error of the primary; stopping')
        this.#leastCode = ExitCode.forced
      }
      const { stopIdle, stopDelay } = this.#supervisor.generation.config
      this.#supervisor.stop(this.#isUrgent ? { idleTimeout: 0, delay: 0 } : { idleTimeout: stopIdle, delay: stopDelay })
      await new Promise(() => {})
    /* c8 ignore next -- the exit comes first */
    })
    return close
  }
}
