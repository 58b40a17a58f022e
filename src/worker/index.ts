import { readConfig } from '../config/config.ts'
import { toErrorReport } from '../errors.ts'
import { LogFile } from '../log/file.ts'
import { createLogger } from '../log/logger.ts'
import { readAssignment } from '../protocol/assignment.ts'
import { wrap } from '../protocol/messages.ts'
import { LISTENING, Worker } from './worker.ts'

/** A terminal and `kill -HUP -PGID` signal the whole group: these are meant for the primary. */
const IGNORED: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGTTIN', 'SIGTTOU']

const assignment = readAssignment()
const { slot, generation, logFile } = assignment
process.title = `baton: worker ${slot} (generation ${generation})`
for (const signal of IGNORED) process.on(signal, () => {})

try {
  const config = readConfig()
  // A primary of an older release says nothing of it.
  const file = logFile == null ? undefined : new LogFile(logFile)
  const log = await createLogger({ level: config.logLevel, base: { slot, generation, pid: process.pid }, mute: LISTENING, file })
  // At once before the worker listens to the channel: a message to reopen that came earlier is satisfied by this.
  file?.openOrExplain(log)
  const worker = new Worker(assignment, config, log, file)
  process.on('SIGTERM', () => { worker.relieve() })
  process.on('uncaughtException', (error) => { worker.fail(error) })
  process.on('unhandledRejection', (error) => { worker.fail(error) })
  await worker.start()
} catch (error) {
  // The primary may be of an older release, to which these settings were right.
  const report = wrap({ type: 'failed', error: toErrorReport(error) })
  const channel = process as Required<Pick<NodeJS.Process, 'send'>>
  channel.send(report, undefined, undefined, () => { process.exit(1) })
}
