import { buildApp, listen } from '../../app/build-app.ts'

/** A process of its own around the example, for `POST /crash` to end. */
process.env.EXAMPLE_CRASH = 'true'
const app = buildApp({ teardown () {} })
process.send?.(await listen(app))
