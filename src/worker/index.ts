import { readConfig } from '../config/config.ts'
import { toErrorReport } from '../errors.ts'
import { LogFile } from '../log/file.ts'
import { createLogger } from '../log/logger.ts'
import { readAssignment } from '../protocol/assignment.ts'
import { wrap } from '../protocol/messages.ts'
import { LISTENING_MESSAGE, Worker } from './worker.ts'

/** Meant for the primary, but a terminal and `kill -HUP -PGID` signal the whole process group. */
const IGNORED_SIGNALS: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGTTIN', 'SIGTTOU']

const assignment = readAssignment()
const { slot, generation, logFile } = assignment
process.title = `baton: worker ${slot} (generation ${generation})`
for (const signal of IGNORED_SIGNALS) process.on(signal, () => {})

try {
  const config = readConfig()
  // Undefined when the primary is of an older release.
  const file = logFile == null ? undefined : new LogFile(logFile)
  const base = { slot, generation, pid: process.pid }
  const log = await createLogger({ level: config.logLevel, base, mute: LISTENING_MESSAGE, file })
  // Directly before the worker listens to the channel, so that it may miss an earlier `reopen-log` message.
  file?.openOrExplain(log)
  const worker = new Worker(assignment, config, log, file)
  process.on('SIGTERM', () => { worker.relieve() })
  process.on('uncaughtException', (error) => { worker.fail(error) })
  process.on('unhandledRejection', (error) => { worker.fail(error) })
  await worker.start()
} catch (error) {
  // The primary may be of an older release, which accepted these settings.
  const report = wrap({ type: 'failed', error: toErrorReport(error) })
  const channel = process as Required<Pick<NodeJS.Process, 'send'>>
  channel.send(report, undefined, undefined, () => { process.exit(1) })
}
