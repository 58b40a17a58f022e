import { spawn } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { captureHangStack, inspectableSettings } from '../../../../src/primary/workers/hang-stack.ts'
import { listeningPorts } from '../../../../src/primary/listen/proc-net.ts'
import { DEADLINE, waitUntil } from '../../../helpers/wait-until.ts'

// Workers hold their listening sockets themselves, as with SCHEDULING=shared.
cluster.schedulingPolicy = cluster.SCHED_NONE

/** The first line of each program. */
const PRELUDE = [
  "import { execSync } from 'node:child_process'",
  "import { once } from 'node:events'",
  "import { existsSync } from 'node:fs'",
  "import { createServer } from 'node:net'",
  "function hang (how) { process.send('hangs', () => setImmediate(how)) }"
].join('; ')

const HANGS: ReadonlyArray<{ how: string, code: string }> = [
  { how: 'spins', code: 'function hangs () { while (true) {} }' },
  { how: 'backtracks in a regular expression', code: "function hangs () { /^(a+)+$/.test('a'.repeat(60) + '!') }" },
  { how: 'waits for another thread', code: 'function hangs () { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) }' }
]

for (const { how, code } of HANGS) {
  await t.test(`the stack of a worker that ${how} names the function, its file and its line`, async (t) => {
    const worker = await forkWorker(t, `${code}\nhang(hangs)`)

    const stack = await captureHangStack(worker.pid, DEADLINE)

    t.match(stack, /^ {4}at hangs \(file:\/\/\/.*\/worker\.mjs:2:\d+\)\n/)
    t.match(stack, /\n {4}at .*processImmediate \(node:internal\/timers:\d+:\d+\)$/, 'down to the event loop')
    t.match(worker.stderr(), /^(Debugger attached\.\n)?$/, 'the address of the inspector is not logged')
  })
}

await t.test('functions without a name or file are in the stack too', async (t) => {
  const worker = await forkWorker(t, "hang(() => { new Function('while (true) {}')() })")

  const stack = await captureHangStack(worker.pid, DEADLINE)

  t.match(stack, /^ {4}at <anonymous>:3:\d+\n {4}at file:\/\/\/.*\/worker\.mjs:2:\d+\n/)
})

await t.test('the stack of a deep recursion contains the 50 innermost functions', async (t) => {
  const worker = await forkWorker(t, 'function deep (n) { while (n === 0) {} deep(n - 1) }\nhang(() => { deep(200) })')

  const stack = await captureHangStack(worker.pid, DEADLINE)

  t.match(stack, /^( {4}at deep \(.*:2:\d+\)\n?){50}$/)
})

await t.test('the stack is found although the worker listens on other ports that do not answer', async (t) => {
  const worker = await forkWorker(t, `
    await once(createServer().listen({ port: 0, host: '127.0.0.1', exclusive: true }), 'listening')
    hang(function hangs () { while (true) {} })`)

  t.match(await captureHangStack(worker.pid, DEADLINE), /^ {4}at hangs /)
})

await t.test('a worker that was only busy continues after its stack was taken', async (t) => {
  const worker = await forkWorker(t, `hang(function isBusy () {
    while (!existsSync(new URL('continue', import.meta.url))) {}
    process.send('continued')
  })`)
  const message = once(worker.process, 'message', { signal: AbortSignal.timeout(DEADLINE) })

  const stack = await captureHangStack(worker.pid, DEADLINE)
  writeFileSync(join(worker.folder, 'continue'), '')

  t.match(stack, /^ {4}at isBusy /m)
  t.same((await message)[0], 'continued')
})

await t.test('a worker that does not run JavaScript has no stack after the timeout', async (t) => {
  const stuck = await forkWorker(t, "hang(() => { execSync('cat', { stdio: 'inherit' }) })")
  const idle = await forkWorker(t, 'hang(() => { setTimeout(() => {}, 1e9) })')
  const start = performance.now()

  t.same(await Promise.all([captureHangStack(stuck.pid, 300), captureHangStack(idle.pid, 300)]), [undefined, undefined])

  t.ok(performance.now() - start >= 299)
})

/** Workers with a server of their own in place of the inspector. */
const INSPECTORS: ReadonlyArray<{ what: string, code: string }> = [
  { what: 'dies when it is asked for the debugger', code: "inspector.on('request', die)" },
  { what: 'dies when a debugger connects', code: "inspector.on('request', introduce).on('upgrade', die)" },
  { what: 'dies when it should pause', code: "inspector.on('request', introduce); debuggers.on('connection', (socket) => { socket.on('message', die) })" },
  { what: 'exits when it should pause', code: "inspector.on('request', introduce); debuggers.on('connection', (socket) => { socket.on('message', () => process.exit()) })" },
  { what: 'refuses debuggers', code: "inspector.on('request', introduce).on('upgrade', (request, socket) => { socket.end('HTTP/1.1 400 Bad Request\\r\\n\\r\\n') })" },
  { what: 'sends nonsense to a debugger', code: "inspector.on('request', introduce); debuggers.on('connection', (socket) => { socket.send('nonsense') })" },
  { what: 'violates the WebSocket protocol', code: "inspector.on('request', introduce); debuggers.on('connection', (socket, { socket: tcp }) => { tcp.write('nonsense') })" }
]

for (const { what, code } of INSPECTORS) {
  await t.test(`a worker that ${what} has no stack, which is known before the timeout`, async (t) => {
    const worker = await forkWorker(t, withInspector(code))

    const start = performance.now()

    t.equal(await captureHangStack(worker.pid, 2 * DEADLINE), undefined)

    t.ok(performance.now() - start < DEADLINE)
    await socketsAreClosed()
  })
}

/** The same, where only the timeout ends the attempt. */
const SILENT_INSPECTORS: ReadonlyArray<{ what: string, code: string }> = [
  { what: 'never answers with the address of its debugger', code: "inspector.on('request', () => process.send('waits'))" },
  { what: 'has no debugger', code: "inspector.on('request', (request, response) => { response.end('[]', () => process.send('waits')) })" },
  { what: 'has a website where the debugger should be', code: "inspector.on('request', (request, response) => { response.end('<!doctype html>', () => process.send('waits')) })" },
  { what: 'never accepts a debugger', code: "inspector.on('request', introduce).on('upgrade', () => process.send('waits'))" },
  { what: 'never pauses', code: "inspector.on('request', introduce); debuggers.on('connection', (socket) => { socket.on('message', () => process.send('waits')) })" }
]

for (const { what, code } of SILENT_INSPECTORS) {
  await t.test(`a worker that ${what} has no stack after the timeout`, async (t) => {
    const worker = await forkWorker(t, withInspector(code))
    const waits = once(worker.process, 'message', { signal: AbortSignal.timeout(DEADLINE) })

    t.equal(await captureHangStack(worker.pid, 6000), undefined)

    await t.resolves(waits, 'the inspector was queried')
    await socketsAreClosed()
  })
}

await t.test('a process that has exited has no stack', async (t) => {
  const worker = await forkWorker(t, 'process.exit()')
  await worker.exit()

  t.equal(await captureHangStack(worker.pid), undefined)
})

await t.test('a process that SIGUSR1 would kill gets no signal', async (t) => {
  const child = spawn('cat')
  t.teardown(() => { child.kill('SIGKILL') })
  const echo = once(child.stdout, 'data', { signal: AbortSignal.timeout(DEADLINE) })

  t.equal(await captureHangStack(child.pid as number), undefined)
  child.stdin.end('alive')

  t.equal(String((await echo)[0]), 'alive')
})

await t.test('the ports of a worker are those on the loopback interface that it does not share', async (t) => {
  const worker = await forkWorker(t, `
    const listens = async (options) => {
      const server = createServer().listen({ port: 0, ...options })
      await once(server, 'listening')
      return server.address().port
    }
    await listens({ host: '127.0.0.1' })
    await listens({ host: '127.0.0.2', exclusive: true })
    const expected = [await listens({ host: '127.0.0.1', exclusive: true }), await listens({ host: '0.0.0.0', exclusive: true })]
    process.send(expected)
    process.on('message', () => {})`)

  t.same(new Set(await listeningPorts(worker.pid)), new Set(worker.message as number[]))
})

await t.test('workers inherit the flags of the primary, and get settings for a private inspector that starts later', async (t) => {
  t.same(inspectableSettings(['--enable-source-maps']), {
    execArgv: ['--enable-source-maps', '--inspect-port=127.0.0.1:0', '--inspect-publish-uid=http'],
    inspectPort: 0
  })
})

await t.test('nothing is changed when the operator debugs the service', async (t) => {
  t.same(inspectableSettings(['--inspect=9300'], true), {})
})

interface ForkedWorker {
  readonly pid: number
  readonly process: NodeJS.EventEmitter
  /** Folder of its program. */
  readonly folder: string
  /** Its first message. */
  readonly message: unknown
  readonly stderr: () => string
  readonly exit: () => Promise<void>
}

/** Starts a worker, and waits until it sends a message or exits. */
async function forkWorker (t: Test, code: string): Promise<ForkedWorker> {
  const folder = t.testdir({ 'worker.mjs': `${PRELUDE}\n${code}` })
  cluster.setupPrimary({ exec: join(folder, 'worker.mjs'), args: [], silent: true, ...inspectableSettings([]) })
  const worker = cluster.fork({ NODE_OPTIONS: '' })
  const exited = once(worker, 'exit')
  const exit = async (): Promise<void> => { await exited }
  t.teardown(async () => {
    worker.process.kill('SIGKILL')
    await exit()
  })
  let stderr = ''
  worker.process.stderr?.on('data', (text) => { stderr += String(text) })
  const [message] = await Promise.race([
    once(worker, 'message', { signal: AbortSignal.timeout(DEADLINE) }), exited
  ])
  return { pid: worker.process.pid as number, process: worker.process, folder, message, stderr: () => stderr, exit }
}

function withInspector (code: string): string {
  return `
    import { createServer as createHttpServer } from 'node:http'
    import { WebSocketServer } from '${import.meta.resolve('ws')}'
    const die = () => { process.kill(process.pid, 'SIGKILL') }
    const inspector = createHttpServer()
    const debuggers = new WebSocketServer({ noServer: true })
    const introduce = (request, response) => {
      response.end(JSON.stringify([{ webSocketDebuggerUrl: 'ws://' + request.headers.host }]))
    }
    debuggers.on('connection', (socket) => { socket.on('error', () => {}) })
    ${code}
    if (inspector.listenerCount('upgrade') === 0) {
      inspector.on('upgrade', (request, socket, head) => {
        debuggers.handleUpgrade(request, socket, head, (debug) => { debuggers.emit('connection', debug, { socket }) })
      })
    }
    process.on('SIGUSR1', () => {})
    inspector.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => { process.send('listens') })
  `
}

async function socketsAreClosed (): Promise<void> {
  await waitUntil(() => !process.getActiveResourcesInfo().includes('TCPSocketWrap'), () => 'the sockets to be closed')
}
