import { fork } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { assignmentVariable } from '../../../src/protocol/assignment.ts'
import { program } from '../../helpers/root.ts'
import { DEADLINE } from '../../helpers/wait-until.ts'

const PROGRAM = program('src/worker/index.ts')

await t.test('a worker that rejects the settings fails to start, and reports the cause', async (t) => {
  const assignment = assignmentVariable({ slot: 0, generation: 2, application: null, address: { host: '127.0.0.1', port: 0 }, slotPort: null, logFile: null, transport: 'http' })
  const worker = fork(PROGRAM, { env: { ...process.env, ...assignment, PORT: 'http', WORKERS: 'many' } })
  t.teardown(() => worker.kill('SIGKILL'))
  const options = { signal: AbortSignal.timeout(DEADLINE) }
  const exited = once(worker, 'exit', options)

  const [message] = await once(worker, 'message', options)

  t.match(message, { baton: { type: 'failed', error: { code: 'BATON_INVALID_SETTINGS', message: /PORT is "http".*WORKERS is "many"/s } } })
  t.same(await exited, [1, null])
})
