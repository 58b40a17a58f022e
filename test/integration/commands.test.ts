import t from 'tap'
import { hello, send } from '../helpers/http.ts'
import { serve } from '../helpers/program.ts'
import { fixture } from '../helpers/root.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const NEVER_CLOSES = fixture('apps/never-closes.js')

await t.test('SIGTERM during a reload stops everything, but finishes open requests', async (t) => {
  const program = await serve(t, { env: { CANARY_MS: '60000' } })
  const slow = send(`${program.url}/slow?ms=1500`)

  program.child.kill('SIGHUP')
  await program.line(({ event, generation }) => event === 'worker:ready' && generation === 2)
  program.child.kill('SIGTERM')

  t.equal((await slow).status, 200)
  t.same(await program.exit(), { code: 0, signal: null })
  t.match(program.find(({ event }) => event === 'reload:failed'), { level: 40, err: { message: 'the service is stopping' } })
  t.same(program.survivors(), [])
})

await t.test('SIGTTIN during a reload is part of it: in the end the added worker has the new generation', async (t) => {
  const program = await serve(t, { env: { CANARY_MS: '1000' } })

  program.child.kill('SIGHUP')
  await program.event('reload:started')
  program.child.kill('SIGTTIN')
  await program.event('reload:completed')

  const ready = program.events('worker:ready').filter(({ generation }) => generation === 2).map(({ slot }) => slot)
  t.same(ready.sort(), [0, 1, 2])
  t.match(await hello(program.url), { generation: 2 })
})

await t.test('an application that never closes is killed at the drain deadline, also on a stop, and no request is cut', async (t) => {
  const program = await serve(t, { args: [NEVER_CLOSES], env: { WORKERS: '1', DRAIN_TIMEOUT_MS: '1500', KEEP_ALIVE_TIMEOUT_MS: '1000', STOP_TIMEOUT_MS: '1500' } })

  t.equal((await program.reload()).event, 'reload:completed')
  t.match(await program.event('worker:exited'), { generation: 1, signal: 'SIGKILL', level: 40 })
  t.match(program.find(({ msg }) => msg.includes('did not drain in time')), { requests: 0, connections: 0 })
  program.child.kill('SIGTERM')

  t.same(await program.exit(), { code: 0, signal: null })
  t.same(program.survivors(), [])
})

await t.test('MAX_RESTARTS is the number of crashes after which restarts are not delayed', async (t) => {
  const program = await serve(t, { env: { MAX_RESTARTS: '1', WORKERS: '2' } })

  for (let count = 1; count <= 2; count++) {
    process.kill((await hello(program.url)).pid, 'SIGKILL')
    await waitUntil(() => program.events('worker:exited').length === count, () => 'the exit')
    await program.event('worker:ready', 2 + count)
  }

  t.match(await program.event('restart:delayed'), { crashes: 2 })
})
