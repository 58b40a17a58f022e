import { createServer, isIPv6, type AddressInfo } from 'node:net'
import closeWithGrace from 'close-with-grace'
import { readVariables, shellDirectory, type Config, type ListenAddress } from '../config.ts'
import { InheritedSocketLostError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { takeHandover } from '../launch.ts'
import { createLogger, type Logger } from '../logger.ts'
import { createClusterHost } from './cluster-host.ts'
import { makeGeneration, type Generation } from './generation.ts'
import { startPaths } from './paths.ts'
import { checkPidFile, removePidFile, writePidFile } from './pid-file.ts'
import { handleSignals } from './signals.ts'
import { Supervisor } from './supervisor.ts'
import { inheritedPlace, watchInheritedSocket } from './systemd/inherited-socket.ts'
import { notifySystemd, type Notifier } from './systemd/notifier.ts'
import { watchTerminal } from './terminal.ts'

/** All that close-with-grace would take for a stop; ours are in signals.ts, and the others end a process as ever. */
const SIGNALS = [
  'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGSEGV', 'SIGUSR2', 'SIGTERM'
] as const

/**
 * Runs the primary until it has stopped; the process exits then.
 *
 * @param application as typed on the command line, if it was
 * @throws when the configuration is wrong; nothing has been started
 */
export async function runPrimary (application: string | undefined): Promise<void> {
  const handover = takeHandover()
  const { inheritedSocket } = handover
  const paths = startPaths(shellDirectory(), application)
  const prepare = (number: number): Generation => makeGeneration(number, readVariables(paths.directory), paths, application)
  const { config } = prepare(1)
  if (config.pidFile !== undefined) checkPidFile(config.pidFile)
  const { address, url, port } = inheritedSocket === undefined ? await choosePlace(config) : inheritedPlace(inheritedSocket)
  const log = await createLogger({ level: config.logLevel })
  process.title = 'baton: primary'

  const supervisor = new Supervisor({
    host: createClusterHost({
      // On a socket that others hold: connections that the primary has accepted for its workers would go with it.
      scheduling: config.scheduling ?? (inheritedSocket === undefined ? 'round-robin' : 'shared'),
      address,
      slotPortBase: config.slotPortBase
    }),
    log,
    makeGeneration: prepare
  })
  if (paths.isPinned) {
    log.info({ directory: paths.directory }, 'relative paths are pinned to this directory, because PWD does not say by which links it was reached')
  }
  warnOfKeepAlive(config, log)
  supervisor.on('reloaded', ({ config }) => {
    log.level = config.logLevel
    warnOfKeepAlive(config, log)
  })
  if (inheritedSocket !== undefined) {
    watchInheritedSocket(inheritedSocket, () => { supervisor.giveUp(new InheritedSocketLostError(inheritedSocket)) })
  }
  stopWithGrace(supervisor, config, notifySystemd(supervisor, handover, log), log)
  supervisor.once('serving', (workers) => {
    if (config.pidFile !== undefined) writePidFile(config.pidFile)
    log.info({ event: 'server:ready', url, port, workers, application: supervisor.generation.application, pid: process.pid },
      `serving ${supervisor.generation.application ?? 'the built-in application'} on ${url} with ${workers} worker${workers === 1 ? '' : 's'}; reload with: kill -HUP ${process.pid}`)
  })
  supervisor.start()
}

/** A signal, or an error of our own: either way the workers finish what they hold. */
function stopWithGrace (supervisor: Supervisor, config: Config, notifier: Notifier, log: Logger): void {
  let leastCode: number = ExitCode.ok
  const kill = (): void => {
    log.warn('killing the workers')
    supervisor.kill()
    process.exit(ExitCode.forced)
  }
  const isTerminalGone = watchTerminal()
  let isUrgent = false

  const { close } = closeWithGrace({
    // The stop has its own deadline, and an exit of the primary alone would leave workers behind.
    delay: false,
    skip: [...SIGNALS],
    logger: false,
    /* c8 ignore next 4 -- a defect of the primary: no test has one */
    onSecondError: (err) => {
      log.fatal({ err }, 'another error of the primary')
      kill()
    }
  }, async ({ err }) => {
    /* c8 ignore next 4 -- the same */
    if (err !== undefined) {
      log.fatal({ err }, 'an error of the primary; stopping')
      leastCode = ExitCode.forced
    }
    const { stopIdle, stopDelay } = supervisor.generation.config
    supervisor.stop(isUrgent ? { idleTimeout: 0, delay: 0 } : { idleTimeout: stopIdle, delay: stopDelay })
    await new Promise(() => {})
  /* c8 ignore next -- the exit comes first */
  })

  supervisor.once('stopped', (code) => {
    if (code !== ExitCode.cannotStart) log.info({ code }, 'stopped')
    notifier.flush().then(() => { process.exit(Math.max(code, leastCode)) }, () => {})
  })
  process.on('exit', () => { if (config.pidFile !== undefined) removePidFile(config.pidFile) })
  const stop = (isPersonWaiting: boolean): void => {
    isUrgent = isPersonWaiting
    close()
  }
  handleSignals(process, {
    reload: () => {
      if (isTerminalGone()) {
        log.warn('the terminal has gone; stopping')
        stop(true)
      } else {
        supervisor.reload()
      }
    },
    scale: (difference) => { supervisor.scale(difference) },
    stop,
    kill
  })
}

/** Idle connections are left to their keep-alive timeout: if it is the longer one, the drain deadline closes them. */
function warnOfKeepAlive ({ keepAliveTimeout, drainTimeout }: Config, log: Logger): void {
  if (keepAliveTimeout >= drainTimeout) {
    log.warn({ keepAliveTimeout, drainTimeout },
      'KEEP_ALIVE_TIMEOUT_MS is not below DRAIN_TIMEOUT_MS: a reload will close idle connections that clients may be about to use')
  }
}

async function choosePlace ({ host, port }: Config): Promise<{ address: ListenAddress, url: string, port?: number }> {
  const chosen = port === 0 ? await findPort(host) : port
  return { address: { host, port: chosen }, url: `http://${isIPv6(host) ? `[${host}]` : host}:${chosen}`, port: chosen }
}

/** `PORT=0`: a port that stays the same, whoever listens on it. */
async function findPort (host: string): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, () => { resolve((server.address() as AddressInfo).port) })
  })
  await new Promise((resolve) => { server.close(resolve) })
  return port
}
