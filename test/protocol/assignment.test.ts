import t from 'tap'
import { assignmentVariable, readAssignment } from '../../src/protocol/assignment.ts'

for (const application of ['/srv/a "b" ü/app.js', null]) {
  await t.test(`a worker removes its assignment from its environment (application ${application})`, async (t) => {
    const assignment = { slot: 1, generation: 4, application, address: { host: '127.0.0.1', port: 3000 }, slotPort: null, logFile: null, transport: 'http' as const }
    const environment: NodeJS.ProcessEnv = { HOST: '::', ...assignmentVariable(assignment) }

    t.strictSame(readAssignment(environment), assignment)
    t.strictSame(environment, { HOST: '::' })
    t.throws(() => readAssignment(environment), { code: 'BATON_USAGE' })
  })
}

await t.test('a worker program without an assignment says that only Baton can start it', async (t) => {
  t.throws(() => readAssignment(), { code: 'BATON_USAGE', message: 'this program is a worker: only Baton can start it' })
})
