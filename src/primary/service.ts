import closeWithGrace from 'close-with-grace'
import { ExitCode } from '../exit-codes.ts'
import type { LogFile } from '../log/file.ts'
import type { Logger } from '../log/logger.ts'
import type { SlotPorts } from './listen/slot-ports.ts'
import type { Commands } from './signals.ts'
import type { Supervisor } from './supervisor/supervisor.ts'
import { watchTerminal } from './terminal.ts'

/** All signals on which close-with-grace would stop: signals.ts handles some, the others keep their default effect. */
const SIGNALS = [
  'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGSEGV', 'SIGUSR2', 'SIGTERM'
] as const

export interface ServiceOptions {
  readonly supervisor: Supervisor
  readonly log: Logger
  /** Undefined without `LOG_FILE`. */
  readonly logFile: LogFile | undefined
  /** Undefined without `SLOT_PORT_BASE`. */
  readonly slotPorts: SlotPorts | undefined
}

/**
 * Carries out what signals and the control socket request of a running service, and ends it: on a stop, and also after
 * an error in the primary itself, the workers finish their open requests.
 */
export class Service implements Commands {
  readonly #supervisor: Supervisor
  readonly #log: Logger
  readonly #logFile: LogFile | undefined
  readonly #slotPorts: SlotPorts | undefined
  readonly #isTerminalGone = watchTerminal()
  readonly #close: () => void
  readonly #beforeExit: Array<(code: ExitCode) => Promise<void>> = []
  /** Changes of the number of workers, in the order in which they were requested. */
  #scaling: Promise<unknown> = Promise.resolve()
  #isUrgent = false
  #leastCode: ExitCode = ExitCode.ok

  constructor ({ supervisor, log, logFile, slotPorts }: ServiceOptions) {
    this.#supervisor = supervisor
    this.#log = log
    this.#logFile = logFile
    this.#slotPorts = slotPorts
    this.#close = this.#closeWithGrace()
    supervisor.once('stopped', (code) => {
      if (code !== ExitCode.cannotStart) log.info({ code }, 'stopped')
      const exitCode = Math.max(code, this.#leastCode) as ExitCode
      Promise.allSettled(this.#beforeExit.map(async (act) => { await act(exitCode) })).then(() => { process.exit(exitCode) }, () => {})
    })
  }

  /** @param act runs when no worker is left and before the process exits; it has a time limit of its own */
  beforeExit (act: (code: ExitCode) => Promise<void>): void {
    this.#beforeExit.push(act)
  }

  readonly reload = (): void => {
    if (this.#isTerminalGone()) {
      this.#log.warn('the terminal has closed; stopping')
      this.stop(true)
    } else {
      this.#supervisor.reload()
    }
  }

  readonly scale = (difference: number): void => {
    this.#scale(() => difference).catch((error: unknown) => {
      this.#log.warn({ err: error }, `the number of workers is unchanged: ${(error as Error).message}`)
    })
  }

  /**
   * @returns how many workers there will be
   * @throws PortInUseError, PortUnusableError, SlotPortTooHighError
   */
  readonly scaleTo = async (workers: number): Promise<number> => {
    await this.#scale(() => workers - this.#supervisor.wantedWorkers)
    return this.#supervisor.wantedWorkers
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

  /** Adds no worker for a slot that cannot have its port. */
  async #scale (difference: () => number): Promise<void> {
    if (this.#slotPorts === undefined) {
      this.#supervisor.scale(difference())
      return
    }
    const slotPorts = this.#slotPorts
    const scaled = this.#scaling.then(async () => {
      const change = difference()
      const { wantedWorkers } = this.#supervisor
      await slotPorts.check(wantedWorkers, wantedWorkers + change)
      this.#supervisor.scale(change)
    })
    this.#scaling = scaled.catch(() => {})
    await scaled
  }

  /** @returns a function that starts the stop */
  #closeWithGrace (): () => void {
    const { close } = closeWithGrace({
      // The stop has its own deadline, and an exit of the primary alone would leave workers behind.
      delay: false,
      skip: [...SIGNALS],
      logger: false,
      /* c8 ignore next 4 -- a defect in the primary: no test has one */
      onSecondError: (err) => {
        this.#log.fatal({ err }, 'another error in the primary')
        this.kill()
      }
    }, async ({ err }) => {
      /* c8 ignore next 4 -- the same */
      if (err !== undefined) {
        this.#log.fatal({ err }, 'uncaught error in the primary; stopping')
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
