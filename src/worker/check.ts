import { readConfig } from '../config/config.ts'
import { toErrorReport } from '../errors.ts'
import { createLogger } from '../log/logger.ts'
import { readAssignment } from '../protocol/assignment.ts'
import { PROTOCOL, wrap, type ToPrimary } from '../protocol/messages.ts'
import { loadApplication } from './application.ts'
import { Bus } from './bus.ts'
import { Drain } from './drain/drain.ts'
import { MeasurementCollector } from './metrics/collector.ts'
import { buildServer } from './server.ts'

/** Starts the application once without listening, reports that it is ready, closes it and exits. */

const { slot, generation, application } = readAssignment()
const { pid } = process
process.title = 'baton: check'
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
// `baton check` is gone, and no longer waits for the result.
/* c8 ignore next -- without its parent this process writes no coverage */
process.on('disconnect', () => { process.exit(1) })

try {
  const config = readConfig()
  /* c8 ignore next -- nothing listens, so nothing drains */
  const drain = new Drain(() => {})
  const server = await buildServer({
    application: await loadApplication(application),
    /* c8 ignore next -- there are no other workers */
    bus: new Bus(() => {}),
    collector: new MeasurementCollector(drain),
    config,
    drain,
    log: await createLogger({ level: config.logLevel, base: { slot, generation, pid } }),
    /* c8 ignore next -- there are no health checks */
    pool: () => ({ isStopping: false, isCrashLooping: false }),
    worker: { slot, generation, pid }
  })
  send({ type: 'ready', protocol: PROTOCOL })
  await server.close()
  // A timer or a connection of the application could keep the process running.
  process.exit(0)
} catch (error) {
  fail(error)
}

function fail (error: unknown): void {
  send({ type: 'failed', error: toErrorReport(error) }, () => { process.exit(1) })
}

function send (message: ToPrimary, done = (): void => {}): void {
  const channel = process as Required<Pick<NodeJS.Process, 'send'>>
  channel.send(wrap(message), undefined, undefined, done)
}
