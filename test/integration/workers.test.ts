import { readFileSync } from 'node:fs'
import t from 'tap'
import { measurePrograms } from '../helpers/built.ts'
import { hello, keepAlive, send } from '../helpers/http.ts'
import { isAlive, serve, type Program } from '../helpers/program.ts'
import { fixture } from '../helpers/root.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const FAILS_LATE = fixture('apps/fails-late.js')

await t.test('a worker that ends unexpectedly is replaced at once, with the reason in the log', async (t) => {
  const program = await serve(t, { env: { EXAMPLE_CRASH: 'true' } })

  for (const [body, reason] of [
    ['{"code":7}', 'worker exited unexpectedly with code 7'],
    ['{"code":0}', 'worker exited unexpectedly on its own'],
    ['{"signal":"SIGKILL"}', 'worker was killed by SIGKILL']
  ] as const) {
    const ready = program.events('worker:ready').length
    const from = program.lines.length
    await t.rejects(crash(program, body))
    t.ok(await program.line(({ event, msg }) => event === 'worker:exited' && msg === reason, from), reason)
    await program.event('worker:ready', ready + 1)
  }

  t.equal((await send(program.url)).status, 200)
  t.equal(program.events('restart:delayed').length, 0)
})

await t.test('after more than five crashes in a minute restarts are delayed, and the health body says so', async (t) => {
  measurePrograms(t)
  const program = await serve(t, { env: { EXAMPLE_CRASH: 'true' } })

  for (let count = 1; count <= 6; count++) {
    const ready = program.events('worker:ready').length
    await crash(program, '{"code":1}').catch(() => {})
    await program.event('worker:ready', ready + 1)
  }

  t.match(await program.event('restart:delayed'), { level: 40, crashes: 6 })
  const { status, body } = await send(`${program.url}/health/ready`)
  t.equal(status, 200)
  t.equal(JSON.parse(body).crashLoop, true)
})

await t.test('SIGTERM to the only worker has it relieved, and no request fails', async (t) => {
  measurePrograms(t)
  const program = await serve(t, { env: { WORKERS: '1' } })
  const agent = keepAlive()
  const { pid } = JSON.parse((await send(program.url, { agent })).body)
  const slow = send(`${program.url}/slow?ms=2000`)
  await hello(program.url)
  await hello(program.url)

  process.kill(pid, 'SIGTERM')
  const draining = await program.event('worker:draining')
  process.kill(pid, 'SIGTERM')

  t.equal(draining.pid, pid)
  t.not((await hello(program.url)).pid, pid)
  const last = await send(program.url, { agent })
  t.equal(JSON.parse(last.body).pid, pid, 'the old worker still serves the connections that it has')
  t.equal(last.headers.connection, 'close')
  t.equal((await slow).status, 200)
  t.match(await program.event('worker:exited'), { pid, code: 0 })
  t.equal(program.events('worker:forked').length, 2)
  agent.destroy()
})

await t.test('workers ignore the signals that a terminal and kill -PGID send to the whole group', async (t) => {
  const program = await serve(t)
  const workers = program.events('worker:forked').map(({ pid }) => pid as number)

  for (const pid of workers) {
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGTTIN', 'SIGTTOU'] as const) process.kill(pid, signal)
  }

  for (let count = 0; count < 8; count++) await hello(program.url)
  t.ok(workers.every(isAlive))
  t.equal(program.events('worker:draining').length, 0)
})

await t.test('SIGTTIN and SIGTTOU add a worker and take one away, never the last', async (t) => {
  const program = await serve(t, { env: { WORKERS: '1' } })

  program.child.kill('SIGTTIN')
  t.match(await program.event('worker:ready', 2), { slot: 1, generation: 1 })
  program.child.kill('SIGTTOU')
  t.match(await program.event('worker:exited'), { slot: 1, code: 0 })
  program.child.kill('SIGTTOU')
  t.equal((await program.reload()).event, 'reload:completed')
  program.child.kill('SIGTTIN')

  t.match(await program.event('worker:ready', 4), { slot: 1, generation: 2 })
  t.equal((await hello(program.url)).generation, 2)
})

await t.test('an uncaught error costs no other request: the worker is relieved, then exits with code 1', async (t) => {
  measurePrograms(t)
  for (const route of ['throw-later', 'reject-later']) {
    const program = await serve(t, { args: [FAILS_LATE], env: { WORKERS: '1' } })
    const slow = send(`${program.url}/slow`)
    const { pid } = await hello(program.url)

    await send(`${program.url}/${route}`)

    t.match(await program.event('worker:exited'), { pid, code: 1 })
    t.equal((await slow).status, 200)
    t.match(program.find(({ level }) => level === 60), { pid, err: { message: /after the answer/ } })
    t.not((await hello(program.url)).pid, pid)
  }
})

await t.test('an onClose hook that fails is logged, and the worker ends all the same', async (t) => {
  measurePrograms(t)
  const program = await serve(t, { args: [FAILS_LATE], env: { WORKERS: '1', FAIL_ON_CLOSE: 'true' } })

  await program.reload()

  t.match(await program.event('worker:exited'), { code: 1, level: 40 })
  t.ok(program.find(({ err }) => err?.message === 'the database would not let go'))
})

await t.test('process titles say slot, generation and drain', async (t) => {
  const program = await serve(t, { env: { WORKERS: '1' } })
  const slow = send(`${program.url}/slow?ms=3000`)
  const { pid } = await hello(program.url)
  await hello(program.url)

  t.equal(titleOf(program.pid), 'baton: primary')
  t.equal(titleOf(pid), 'baton: worker 0 (generation 1)')
  await program.reload()
  await waitUntil(() => titleOf(pid) === 'baton: worker 0 (generation 1) draining', () => 'the title of a draining worker')

  t.equal((await slow).status, 200)
})

await t.test('WORKER_HEADER names slot, generation and pid in every answer', async (t) => {
  const program = await serve(t, { env: { WORKERS: '1', WORKER_HEADER: 'true' } })
  const { pid } = await hello(program.url)

  for (const path of ['/', '/health/live', '/nowhere', '/slow?ms=bad']) {
    t.equal((await send(program.url + path)).headers['x-baton-worker'], `0/1/${pid}`, path)
  }
})

async function crash (program: Program, body: string): Promise<unknown> {
  return await send(`${program.url}/crash`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
}

function titleOf (pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
}
