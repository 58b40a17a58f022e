import { buildApp, listen } from '../../app/build-app.ts'

/** Runs the example in a process that `POST /crash` can end. */
process.env.EXAMPLE_CRASH = 'true'
const app = buildApp({ teardown () {} })
process.send?.(await listen(app))
