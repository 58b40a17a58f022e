import { readConfig } from '../config/config.ts'
import { toErrorReport } from '../errors.ts'
import { createLogger } from '../log/logger.ts'
import { readAssignment } from '../protocol/assignment.ts'
import { PROTOCOL, wrap, type ToPrimary } from '../protocol/messages.ts'
import { loadApplication } from './application.ts'
import { Bus } from './bus.ts'
import { Drain } from './drain/drain.ts'
import { WorkerMeasurements } from './metrics/measurements.ts'
import { buildServer } from './server.ts'

/** Boots the application once, says that it is ready, closes it again and exits: nothing listens. */

const { slot, generation, application } = readAssignment()
const { pid } = process
process.title = 'baton: check'
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
// Nobody waits for the answer any more.
/* c8 ignore next -- the process that is left is nobody's, and writes no coverage */
process.on('disconnect', () => { process.exit(1) })

try {
  const config = readConfig()
  /* c8 ignore next -- nothing listens, so that nothing drains */
  const drain = new Drain(() => {})
  const server = await buildServer({
    application: await loadApplication(application),
    /* c8 ignore next -- nobody listens */
    bus: new Bus(() => {}),
    config,
    drain,
    log: await createLogger({ level: config.logLevel, base: { slot, generation, pid } }),
    measurements: new WorkerMeasurements(drain),
    /* c8 ignore next -- nobody asks */
    pool: () => ({ isStopping: false, isCrashLooping: false }),
    worker: { slot, generation, pid }
  })
  tell({ type: 'ready', protocol: PROTOCOL })
  await server.close()
  // The application may hold what would keep the process alive.
  process.exit(0)
} catch (error) {
  fail(error)
}

function fail (error: unknown): void {
  tell({ type: 'failed', error: toErrorReport(error) }, () => { process.exit(1) })
}

function tell (message: ToPrimary, sent = (): void => {}): void {
  const channel = process as Required<Pick<NodeJS.Process, 'send'>>
  channel.send(wrap(message), undefined, undefined, sent)
}
