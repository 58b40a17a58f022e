import { existsSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { hello, send } from '../helpers/http.ts'
import { serve, startProgram } from '../helpers/program.ts'
import { createRelease, saying } from '../helpers/release.ts'
import { waitUntil } from '../helpers/wait-until.ts'
import { ask } from '../primary/control/asking.ts'

/** A short path: that of a socket may not be long. */
function socketPath (t: Test): string {
  const folder = mkdtempSync('/tmp/baton-test-')
  t.teardown(() => { spawnSync('rm', ['-rf', folder]) })
  return join(folder, 'control.sock')
}

await t.test('a reload that is asked for on the control socket answers when all workers are new, or why they are not', async (t) => {
  const socket = socketPath(t)
  const release = createRelease(t, saying('one'))
  const program = await serve(t, { args: [release.path], env: { CONTROL_SOCKET: socket } })
  t.equal(program.find(({ event }) => event === 'server:ready')?.control, socket)

  release.deploy(saying('two'))
  const good = await ask(socket, '/reload', { method: 'POST', body: { drained: true } })
  t.match(good, { status: 200, json: { result: 'completed', generation: 2, slots: [2, 2] } })
  t.match(await hello(program.url), { release: 'two', generation: 2 })

  release.deploy('throw new Error("no database")')
  const broken = await ask(socket, '/reload', { method: 'POST' })
  t.match(broken, { status: 409, json: { result: 'failed', generation: 3, slot: 0, slots: [2, 2], error: { message: 'no database' } } })
  t.match(await hello(program.url), { release: 'two', generation: 2 })

  const { json } = await ask(socket, '/status')
  t.match(json, { state: 'running', url: program.url, pid: program.pid, generation: { number: 2, application: release.path }, lastReload: { result: 'failed' } })
  t.same(json.workers.map(({ slot, generation, state }: Record<string, unknown>) => ({ slot, generation, state })), [
    { slot: 0, generation: 2, state: 'ready' }, { slot: 1, generation: 2, state: 'ready' }
  ])
})

await t.test('what a worker holds and has done is in the status', async (t) => {
  const socket = socketPath(t)
  const program = await serve(t, { env: { CONTROL_SOCKET: socket, WORKERS: '1' } })
  await hello(program.url)

  let worker: Record<string, unknown> = {}
  await waitUntil(() => {
    ask(socket, '/status').then(({ json }) => { worker = json.workers[0] }, () => {})
    return worker.served === 1
  }, () => `a heartbeat that tells of the request, not ${JSON.stringify(worker)}`)

  t.ok(Number(worker.rssBytes) > 1e6)
  t.ok(Number(worker.heapUsedBytes) > 1e6)
})

await t.test('a second instance on the same socket does not start and names the first', async (t) => {
  const socket = socketPath(t)
  const first = await serve(t, { env: { CONTROL_SOCKET: socket } })

  const second = startProgram(t, { env: { CONTROL_SOCKET: socket } })

  t.same(await second.exit(), { code: 78, signal: null })
  t.match(second.stderr, `the control socket ${socket} is held by process ${first.pid}`)
  t.same(second.lines, [])
  t.ok(existsSync(socket))
})

await t.test('the socket of a primary that was killed is replaced, and gone after a stop', async (t) => {
  const socket = socketPath(t)
  const killed = await serve(t, { env: { CONTROL_SOCKET: socket, WORKERS: '1' } })
  killed.child.kill('SIGKILL')
  await killed.exit()
  t.ok(lstatSync(socket).isSocket())

  const program = await serve(t, { env: { CONTROL_SOCKET: socket, WORKERS: '1' } })
  t.match(await ask(socket, '/stop', { method: 'POST' }), { status: 200, json: { code: 0 } })

  t.same(await program.exit(), { code: 0, signal: null })
  t.notOk(existsSync(socket))
})

await t.test('a second signal that ends everything takes the socket with it', async (t) => {
  const socket = socketPath(t)
  const program = await serve(t, { env: { CONTROL_SOCKET: socket, WORKERS: '1', STOP_TIMEOUT_MS: '20000' } })
  const held = send(`${program.url}/slow?ms=15000`).catch(() => undefined)
  await waitUntil(() => program.child.kill(0), () => 'the program')

  program.child.kill('SIGTERM')
  await program.line(({ msg }) => msg === 'stopping')
  program.child.kill('SIGINT')

  t.match(await program.exit(), { code: 1 })
  t.notOk(existsSync(socket))
  await held
})

await t.test('clients that hang on the port for metrics hold up no other client, and are closed', async (t) => {
  const program = await serve(t, { env: { METRICS_PORT: '0', WORKERS: '1' } })
  const url = new URL(String(program.find(({ event }) => event === 'server:ready')?.metrics))
  const hanging = Array.from({ length: 120 }, () => connect(Number(url.port), url.hostname, function (this: Socket) { this.write('GET /metrics HTTP/1.1\r\n') }))
  t.teardown(() => { for (const socket of hanging) socket.destroy() })
  // Without reading they would never hear of their end.
  for (const socket of hanging) socket.on('error', () => {}).resume()

  t.equal((await program.reload()).event, 'reload:completed')
  t.equal((await hello(program.url)).generation, 2)

  await waitUntil(() => hanging.every(({ closed }) => closed), () => 'the end of all connections')
  t.match(await send(`${url.origin}/health/live`), { status: 200 })
})

await t.test('scaling from the socket is as that by signals', async (t) => {
  const socket = socketPath(t)
  const program = await serve(t, { env: { CONTROL_SOCKET: socket, WORKERS: '1' } })

  await ask(socket, '/scale', { method: 'POST', body: { workers: 3 } })
  await program.event('worker:ready', 3)

  t.match((await ask(socket, '/status')).json, { wanted: 3, workers: { length: 3 } })
})
