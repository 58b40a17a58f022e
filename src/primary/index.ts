import { resolve } from 'node:path'
import { readVariables, shellDirectory } from '../config/config.ts'
import { InheritedSocketLostError } from '../errors.ts'
import { LogFile } from '../log/file.ts'
import { createLogger } from '../log/logger.ts'
import { runtimeDirectories } from '../protocol/control-socket.ts'
import { readVersion } from '../version.ts'
import { Control } from './control/control.ts'
import { chooseAddress } from './listen/address.ts'
import { SlotPorts } from './listen/slot-ports.ts'
import { Metrics } from './metrics/metrics.ts'
import { checkPidFile, removePidFile, writePidFile } from './pid-file.ts'
import { keepTransport, makeGeneration, type Generation } from './release/generation.ts'
import { startPaths } from './release/paths.ts'
import { logWarnings } from './release/warnings.ts'
import { Service } from './service.ts'
import { handleSignals } from './signals.ts'
import { Supervisor } from './supervisor/supervisor.ts'
import { readSystemdEnvironment } from './systemd/environment.ts'
import { watchInheritedSocket } from './systemd/inherited-socket.ts'
import { notifySystemd } from './systemd/notifier.ts'
import { createClusterHost } from './workers/cluster-host.ts'

/**
 * Runs the primary until it has stopped; the process exits then.
 *
 * @param application as typed on the command line, if it was
 * @throws when the configuration is wrong, or a port or socket cannot be used; nothing has been started
 */
export async function runPrimary (application: string | undefined): Promise<void> {
  const systemd = readSystemdEnvironment()
  const { inheritedSocket } = systemd
  const paths = startPaths(shellDirectory(), application)
  const prepare = (number: number): Generation => makeGeneration(number, readVariables(paths.directory), paths, application)
  const { config } = prepare(1)
  const { pidFile, slotPortBase } = config
  if (pidFile !== undefined) checkPidFile(pidFile)
  const { address, url, port } = await chooseAddress(config, inheritedSocket)
  const slotPorts = slotPortBase === undefined ? undefined : new SlotPorts(config.host, slotPortBase)
  await slotPorts?.check(0, config.workers)
  const logFile = config.logFile === undefined ? undefined : new LogFile(resolve(paths.directory, config.logFile))
  logFile?.open()
  const log = await createLogger({ level: config.logLevel, file: logFile })
  process.title = 'baton: primary'

  const host = createClusterHost({
    // With systemd's socket, workers accept connections themselves: those that the primary had accepted would be lost
    // if it died.
    scheduling: config.scheduling ?? (inheritedSocket === undefined ? 'round-robin' : 'shared'),
    address,
    host: config.host,
    slotPortBase,
    logFile: logFile?.path
  })
  const supervisor = new Supervisor({
    host,
    log,
    makeGeneration: (number) => keepTransport(prepare(number), config)
  })
  const service = new Service({ supervisor, log, logFile, slotPorts })
  const control = await Control.open({
    config,
    port: port ?? config.port,
    directory: paths.directory,
    runtimeDirectories: runtimeDirectories(),
    log,
    supervisor,
    instance: { version: readVersion(), pid: process.pid, url },
    service,
    metrics: new Metrics({ supervisor, host, version: readVersion() })
  })
  process.on('exit', () => { control.remove() })
  const notifier = notifySystemd(supervisor, systemd, log)
  service.beforeExit(async (code) => { await control.end(code) })
  service.beforeExit(notifier.flush)

  if (paths.isPinned) {
    log.info({ directory: paths.directory }, 'relative paths are pinned to this directory, because PWD does not say through which links it was reached')
  }
  logWarnings(supervisor.generation, log)
  supervisor.on('reloaded', (generation) => {
    log.level = generation.config.logLevel
    logWarnings(generation, log)
  })
  if (inheritedSocket !== undefined) {
    watchInheritedSocket(inheritedSocket, () => { supervisor.giveUp(new InheritedSocketLostError(inheritedSocket)) })
  }
  supervisor.once('serving', (workers) => {
    if (pidFile !== undefined) {
      writePidFile(pidFile)
      process.on('exit', () => { removePidFile(pidFile) })
    }
    const { application } = supervisor.generation
    log.info({
      event: 'server:ready', url, port, workers, control: control.socket, metrics: control.metricsUrl, application, pid: process.pid
    }, `serving ${application ?? 'the built-in application'} on ${url} with ${workers} worker${workers === 1 ? '' : 's'}; reload with: kill -HUP ${process.pid}`)
  })
  handleSignals(process, service)
  supervisor.start()
}
