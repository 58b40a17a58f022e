import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { measurePrograms } from '../helpers/built.ts'
import { hello, send, type Hello } from '../helpers/http.ts'
import { serve, startProgram, type Program, type ProgramOptions } from '../helpers/program.ts'
import { connectRaw, request, type RawClient } from '../helpers/raw-client.ts'
import { fixture } from '../helpers/root.ts'
import { findFreePorts } from '../helpers/slot-ports.ts'
import { createSocketPath } from '../helpers/socket-path.ts'
import { startTraffic } from '../helpers/traffic.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const TAKES_A_SLOT_PORT = fixture('apps/takes-a-slot-port.js')

interface OnPorts {
  readonly program: Program
  /** The port of slot 0; two more are free. */
  readonly base: number
}

async function serveOn (t: Test, env: ProgramOptions['env'] = {}): Promise<OnPorts> {
  const base = await findFreePorts(3)
  return { program: await serve(t, { env: { SLOT_PORT_BASE: String(base), CANARY_MS: '100', ...env } }), base }
}

async function helloAt (port: number): Promise<Hello> {
  return await hello(`http://127.0.0.1:${port}`)
}

/** Holds a port of 127.0.0.1 as another process. */
async function hold (t: Test, port: number): Promise<() => void> {
  const holder = createServer().listen(port, '127.0.0.1')
  t.teardown(() => { holder.close() })
  await once(holder, 'listening')
  return () => { holder.close() }
}

await t.test('the port of a slot is always answered by that slot, and the main port by all', async (t) => {
  const { program, base } = await serveOn(t)

  for (let count = 0; count < 4; count++) {
    t.equal((await helloAt(base)).slot, 0)
    t.equal((await helloAt(base + 1)).slot, 1)
  }
  t.match(await helloAt(program.port), { generation: 1 })
  await t.rejects(connectRaw(t, base + 2), { code: 'ECONNREFUSED' })
})

/** Sends a request whose body is not complete, once its head has arrived; what it returns sends the rest. */
async function begin (t: Test, client: RawClient): Promise<() => void> {
  const body = '{"note":"late"}'
  const text = request('PUT /note', { 'content-type': 'application/json', expect: '100-continue' }, body)
  client.send(text.slice(0, -body.length))
  t.equal((await client.answer()).status, 100)
  return () => { client.send(body) }
}

await t.test('a drain waits for what is under way on the port of the slot', async (t) => {
  const { program, base } = await serveOn(t, { WORKERS: '1' })
  const [idle, busy] = [await connectRaw(t, base), await connectRaw(t, base)]
  const first = await idle.send(request('GET /')).answer()
  const { pid } = JSON.parse(first.body)
  const finish = await begin(t, busy)

  t.equal((await program.reload()).event, 'reload:completed')

  t.not((await helloAt(base)).pid, pid)
  const last = await idle.send(request('GET /')).answer()
  t.equal(JSON.parse(last.body).pid, pid, 'an idle connection is served by the worker that has it')
  t.equal(last.headers.connection, 'close')
  t.equal(await idle.end(), 'FIN')
  t.notOk(program.find(({ event }) => event === 'worker:drained'))
  finish()
  t.match(await busy.answer(), { status: 200, headers: { connection: 'close' } })
  t.match(await program.event('worker:drained'), { requests: 2, closedByUse: 2, closedAtDeadline: 0 })
  t.match(await program.event('worker:exited'), { pid, code: 0 })
  t.notOk(program.find(({ msg }) => msg.startsWith('the primary is gone')))
})

await t.test('after a crash the port refuses until the slot is filled, and no other slot answers', async (t) => {
  const { program, base } = await serveOn(t)

  process.kill((await helloAt(base + 1)).pid, 'SIGKILL')
  await program.event('worker:exited')
  t.equal((await helloAt(base)).slot, 0)
  await program.event('worker:ready', 3)

  t.equal((await helloAt(base + 1)).slot, 1)
})

await t.test('a worker whose primary has died serves the port of its slot to the last request', async (t) => {
  const { program, base } = await serveOn(t, { WORKERS: '1' })
  const [idle, busy] = [await connectRaw(t, base), await connectRaw(t, base)]
  await idle.send(request('GET /')).answer()
  const finish = await begin(t, busy)

  program.child.kill('SIGKILL')
  await program.line(({ msg }) => msg.startsWith('the primary is gone'))
  finish()

  t.match(await busy.answer(), { status: 200, headers: { connection: 'close' } })
  t.equal(await idle.end(), 'FIN')
  await waitUntil(() => program.survivors().length === 0, () => 'the end of the worker')
})

await t.test('a port that is taken ends the start with code 3 and the address', async (t) => {
  measurePrograms(t)
  const base = await findFreePorts(2)
  await hold(t, base + 1)

  const program = startProgram(t, { env: { SLOT_PORT_BASE: String(base) } })

  t.same(await program.exit(), { code: 3, signal: null })
  t.equal(program.stderr, `baton: port ${base + 1} (SLOT_PORT_BASE, slot 1) is in use by process ${process.pid} (node): stop that process, or set SLOT_PORT_BASE to another port\n`)
  t.same(program.lines, [], 'nothing was started')
})

await t.test('no worker is added by SIGTTIN while its port is taken, and one is once it is free', async (t) => {
  measurePrograms(t)
  const { program, base } = await serveOn(t)
  const release = await hold(t, base + 2)

  program.child.kill('SIGTTIN')
  const warning = await program.line(({ level }) => level === 40)
  t.match(warning.msg, `the number of workers is unchanged: port ${base + 2} (SLOT_PORT_BASE, slot 2) is in use by process ${process.pid}`)
  t.equal(program.events('worker:forked').length, 2)
  release()
  program.child.kill('SIGTTIN')
  t.match(await program.event('worker:ready', 3), { slot: 2 })

  t.equal((await helloAt(base + 2)).slot, 2)
  program.child.kill('SIGTTOU')
  t.match(await program.event('worker:exited'), { slot: 2, code: 0 })
  await t.rejects(connectRaw(t, base + 2), { code: 'ECONNREFUSED' })
})

await t.test('there is no slot whose port would be above 65535', async (t) => {
  const program = await serve(t, { env: { WORKERS: '1', SLOT_PORT_BASE: '65535' } })

  program.child.kill('SIGTTIN')

  t.match((await program.line(({ level }) => level === 40)).msg, 'slot 1 cannot have its port: SLOT_PORT_BASE is 65535, which makes it 65536')
  t.equal((await helloAt(65535)).slot, 0)
})

await t.test('a worker that cannot have its port ends with the address, and no request fails on the main port', async (t) => {
  measurePrograms(t)
  const { program, base } = await serveOn(t, { APP: TAKES_A_SLOT_PORT })
  const traffic = startTraffic(t, { port: program.port })

  const exited = await program.event('worker:exited', 3)
  await traffic.goesOn()

  t.match(exited, { slot: 1, code: 1, err: { code: 'EADDRINUSE', message: new RegExp(`EADDRINUSE.* 127.0.0.1:${base + 1}$`) } })
  t.same(await traffic.end(), [])
  t.equal((await helloAt(base)).slot, 0)
})

await t.test('a reload that adds a slot whose port is taken has failed, and there are as many workers as before', async (t) => {
  measurePrograms(t)
  const folder = t.testdir({ env: 'WORKERS=2' })
  const { program, base } = await serveOn(t, { ENV_FILE: `${folder}/env`, WORKERS: undefined })
  await hold(t, base + 2)
  writeFileSync(`${folder}/env`, 'WORKERS=3')

  const failed = await program.reload()

  t.match(failed, { event: 'reload:failed', slots: [2, 2], err: { code: 'EADDRINUSE' } })
  for (const slot of [0, 1]) t.equal((await helloAt(base + slot)).slot, slot)
  await waitUntil(() => program.survivors().length === 3, () => 'two workers and the primary')
})

await t.test('with a UNIX socket the ports of slots are on HOST', async (t) => {
  measurePrograms(t)
  const path = createSocketPath(t)
  const { program, base } = await serveOn(t, { LISTEN_SOCKET: path, HOST: '127.0.0.1' })

  t.equal((await helloAt(base + 1)).slot, 1)
  t.match(JSON.parse((await send('http://test/', { socketPath: path })).body), { generation: 1 })
  t.equal((await program.reload()).event, 'reload:completed')
  t.match(await helloAt(base), { slot: 0, generation: 2 })
})
