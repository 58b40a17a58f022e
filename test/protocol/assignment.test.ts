import t from 'tap'
import { assignmentVariable, readAssignment } from '../../src/protocol/assignment.ts'

for (const application of ['/srv/a "b" ü/app.js', null]) {
  await t.test(`a worker takes what it was assigned out of its environment (application ${application})`, async (t) => {
    const assignment = { slot: 1, generation: 4, application, address: { host: '127.0.0.1', port: 3000 }, slotPort: null, logFile: null, transport: 'http' as const }
    const environment: NodeJS.ProcessEnv = { HOST: '::', ...assignmentVariable(assignment) }

    t.strictSame(readAssignment(environment), assignment)
    t.strictSame(environment, { HOST: '::' })
    t.throws(() => readAssignment(environment), { code: 'BATON_USAGE' })
  })
}

await t.test('a worker program that nobody assigned anything to says who starts it', async (t) => {
  t.throws(() => readAssignment(), { code: 'BATON_USAGE', message: 'this program is a worker: it is started by Baton' })
})
