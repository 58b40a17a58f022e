/** What signals request. */
export interface Commands {
  readonly reload: () => void
  readonly scale: (difference: number) => void
  /** @param isUrgent an operator is waiting at a terminal */
  readonly stop: (isUrgent: boolean) => void
  /** The log file has been renamed. */
  readonly reopenLogs: () => void
  /** Ends everything at once. */
  readonly kill: () => void
}

export interface SignalSource {
  on: (signal: NodeJS.Signals, listener: () => void) => unknown
}

/** Milliseconds within which the same signal counts once: npm and a terminal both deliver it. */
const DUPLICATE_WINDOW = 500

/** Turns signals into commands; the README has the table. */
export function handleSignals (source: SignalSource, commands: Commands, now = performance.now.bind(performance)): void {
  let first: { signal: NodeJS.Signals, at: number } | undefined

  const stop = (signal: NodeJS.Signals): void => {
    if (first === undefined) {
      first = { signal, at: now() }
      commands.stop(signal === 'SIGINT')
    } else if (signal !== first.signal || now() - first.at >= DUPLICATE_WINDOW) {
      commands.kill()
    }
  }

  source.on('SIGHUP', commands.reload)
  source.on('SIGUSR2', commands.reopenLogs)
  source.on('SIGTTIN', () => { commands.scale(1) })
  source.on('SIGTTOU', () => { commands.scale(-1) })
  for (const signal of ['SIGTERM', 'SIGQUIT', 'SIGINT'] as const) source.on(signal, () => { stop(signal) })
}
