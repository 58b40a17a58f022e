import { connect } from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import { measurePrograms } from '../helpers/built.ts'
import { hello, keepAlive, send } from '../helpers/http.ts'
import { isAlive, serve } from '../helpers/program.ts'
import { fixture } from '../helpers/root.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const FAILS_LATE = fixture('apps/fails-late.js')

for (const signal of ['SIGTERM', 'SIGQUIT', 'SIGINT'] as const) {
  await t.test(`${signal} answers the requests in flight, then ends everything with code 0`, async (t) => {
    const program = await serve(t)
    const answers = [1, 2, 3, 4].map(async () => await send(`${program.url}/slow?ms=1000`))
    await allArrived(program.url, 4)

    program.child.kill(signal)

    for (const { status } of await Promise.all(answers)) t.equal(status, 200)
    t.same(await program.exit(), { code: 0, signal: null })
    t.same(program.survivors(), [])
  })
}

await t.test('SIGTERM closes idle connections after STOP_IDLE_MS, long before the stop timeout', async (t) => {
  const program = await serve(t, { env: { STOP_IDLE_MS: '100', STOP_TIMEOUT_MS: '600000' } })
  const agent = keepAlive()
  await send(program.url, { agent })
  const unused = connect(program.port, '127.0.0.1')
  await once(unused, 'connect')

  program.child.kill('SIGTERM')

  t.same(await program.exit(), { code: 0, signal: null })
  agent.destroy()
  unused.destroy()
})

await t.test('SIGINT closes idle connections at once', async (t) => {
  const program = await serve(t, { env: { STOP_IDLE_MS: '600000', STOP_TIMEOUT_MS: '600000' } })
  const agent = keepAlive()
  await send(program.url, { agent })

  program.child.kill('SIGINT')

  t.same(await program.exit(), { code: 0, signal: null })
  agent.destroy()
})

await t.test('a request that outlives the stop timeout is cut, named in the log, and makes the exit code 1', async (t) => {
  const program = await serve(t, { env: { STOP_TIMEOUT_MS: '5000' } })
  const cut = send(`${program.url}/slow?ms=60000`).then(() => 'answered', () => 'cut')
  await allArrived(program.url, 1)

  program.child.kill('SIGTERM')

  t.equal(await cut, 'cut')
  t.same(await program.exit(), { code: 1, signal: null })
  t.match(program.find(({ msg }) => msg.includes('did not drain in time'))?.msg, '1 requests on 1 connections')
})

await t.test('a second signal ends everything at once with code 1 and leaves no worker behind', async (t) => {
  measurePrograms(t)
  const program = await serve(t, { env: { STOP_TIMEOUT_MS: '600000' } })
  const cut = send(`${program.url}/slow?ms=60000`).then(() => 'answered', () => 'cut')
  await allArrived(program.url, 1)

  program.child.kill('SIGTERM')
  await program.line(({ msg }) => msg === 'stopping')
  program.child.kill('SIGINT')

  t.equal(await cut, 'cut')
  t.same(await program.exit(), { code: 1, signal: null })
  await waitUntil(() => program.survivors().length === 0, () => 'the workers to be gone')
})

await t.test('the same signal delivered twice at once counts once', async (t) => {
  const program = await serve(t)
  const answer = send(`${program.url}/slow?ms=1000`)
  await allArrived(program.url, 1)

  program.child.kill('SIGINT')
  program.child.kill('SIGINT')

  t.equal((await answer).status, 200)
  t.same(await program.exit(), { code: 0, signal: null })
})

await t.test('with STOP_DELAY_MS everything is served on while the readiness route says 503', async (t) => {
  const program = await serve(t, { env: { STOP_DELAY_MS: '600000' } })

  program.child.kill('SIGTERM')
  await program.line(({ msg }) => msg === 'stopping')
  let status = 0
  await waitUntil(() => {
    send(`${program.url}/health/ready`).then((answer) => { status = answer.status }, () => {})
    return status === 503
  }, () => 'a 503 of the readiness route')

  t.equal((await send(`${program.url}/health/live`)).status, 200)
  t.equal((await send(program.url)).status, 200)
  program.child.kill('SIGINT')
  t.same(await program.exit(), { code: 1, signal: null })
})

await t.test('SIGHUP while stopping is ignored', async (t) => {
  const program = await serve(t)
  const answer = send(`${program.url}/slow?ms=1000`)
  await allArrived(program.url, 1)

  program.child.kill('SIGTERM')
  await program.line(({ msg }) => msg === 'stopping')
  program.child.kill('SIGHUP')

  t.ok(await program.line(({ msg }) => msg.includes('reload ignored')))
  t.equal((await answer).status, 200)
  t.same(await program.exit(), { code: 0, signal: null })
})

await t.test('when the primary is killed its workers answer what they hold, then leave, and the port is free', async (t) => {
  measurePrograms(t)
  const program = await serve(t)
  const { port } = program
  const answers = [1, 2].map(async () => await send(`${program.url}/slow?ms=1000`))
  await allArrived(program.url, 2)

  process.kill(program.pid, 'SIGKILL')
  await program.line(({ msg }) => msg.startsWith('the primary is gone'))
  for (const { pid } of program.events('worker:forked')) process.kill(pid as number, 'SIGTERM')

  for (const { status } of await Promise.all(answers)) t.equal(status, 200)
  await waitUntil(() => program.survivors().length === 0, () => 'the workers to leave')
  const next = await serve(t, { env: { PORT: String(port) } })
  t.equal((await hello(next.url)).generation, 1)
})

await t.test('when the primary is killed while a worker drains, the worker finishes all the same', async (t) => {
  measurePrograms(t)
  const program = await serve(t, { env: { WORKERS: '1', CANARY_MS: '0' } })
  const answer = send(`${program.url}/slow?ms=5000`)
  await allArrived(program.url, 1)
  const old = program.events('worker:ready')[0]?.pid as number

  t.equal((await program.reload()).event, 'reload:completed')
  t.ok(isAlive(old))
  process.kill(program.pid, 'SIGKILL')

  t.equal((await answer).status, 200)
  await waitUntil(() => program.survivors().length === 0, () => 'the workers to leave')
  t.match(await program.line(({ event, pid }) => event === 'worker:drained' && pid === old), { requests: 1 })
  t.equal(program.find(({ level }) => level === 60), undefined, 'no uncaught error')
})

await t.test('an uncaught error in a worker whose primary is dead cuts no request', async (t) => {
  measurePrograms(t)
  const program = await serve(t, { env: { WORKERS: '1' }, args: [FAILS_LATE] })
  const agent = keepAlive()
  await send(program.url, { agent })
  const slow = send(`${program.url}/slow`)
  await allArrived(program.url, 1)

  process.kill(program.pid, 'SIGKILL')
  await program.line(({ msg }) => msg.startsWith('the primary is gone'))
  await send(`${program.url}/throw-later`, { agent })

  t.equal((await slow).status, 200)
  t.ok(await program.line(({ event }) => event === 'worker:drained'))
  await waitUntil(() => program.survivors().length === 0, () => 'the workers to leave')
  agent.destroy()
})

/** Waits until requests sent before have reached a worker: connections are handed out in their order. */
async function allArrived (url: string, requests: number): Promise<void> {
  for (let count = 0; count < 2 * requests + 2; count++) await hello(url)
}
