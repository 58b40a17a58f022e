import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ReloadEvent, Status } from '../../../src/protocol/control-api.ts'
import { ownDirectory } from '../../../src/protocol/control-socket.ts'
import type { Logger } from '../../../src/log/logger.ts'
import { Control, type ControlOptions } from '../../../src/primary/control/control.ts'
import { waitUntil } from '../../helpers/wait-until.ts'
import { send } from '../../helpers/http.ts'
import { superviseRunning, supervise, type Scene, type Settings } from '../supervisor/supervise.ts'
import { ask } from './asking.ts'

interface Controlled {
  readonly scene: Scene
  readonly control: Control
  readonly socket: string
  readonly warnings: string[]
  readonly stops: () => number
}

interface ControlSetup extends ControlOptions {
  readonly scene: Scene
  readonly warnings: string[]
  readonly stops: () => number
}

/** Options for a control with a supervisor on a fake host, and a folder of its own. */
function prepareControl (t: Test, change: Partial<ControlOptions> = {}, scene = superviseRunning()): ControlSetup {
  const directory = `/tmp/baton-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`
  mkdirSync(directory)
  t.teardown(() => { rmSync(directory, { recursive: true, force: true }) })
  const warnings: string[] = []
  let stops = 0
  return {
    config: { controlSocket: 'control.sock', metrics: undefined },
    port: 4000,
    directory,
    runtimeDirectories: [],
    log: { warn: (text: string) => { warnings.push(text) } } as unknown as Logger,
    supervisor: scene.supervisor,
    instance: { version: '1.2.3', pid: process.pid, url: 'http://127.0.0.1:4000' },
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: async () => 'baton_generation 1\n' },
    service: {
      stop: () => { stops++ },
      scaleTo: async (workers) => {
        if (workers === 66) throw new Error('slot 65 cannot have its port')
        scene.supervisor.scale(workers - scene.supervisor.wantedWorkers)
        return scene.supervisor.wantedWorkers
      }
    },
    ...change,
    scene,
    warnings,
    stops: () => stops
  }
}

/** A control socket in front of a supervisor on a fake host. */
async function serveControl (t: Test, { settings = {}, change = {}, isRunning = true }: { settings?: Settings, change?: Partial<ControlOptions>, isRunning?: boolean } = {}): Promise<Controlled> {
  const options = prepareControl(t, change, isRunning ? superviseRunning(settings) : supervise(settings))
  const control = await Control.open(options)
  t.teardown(async () => { await control.end(0) })
  return { ...options, control, socket: String(control.socket) }
}

await t.test('the status describes the service and its workers', async (t) => {
  const { scene, socket } = await serveControl(t, { settings: { WORKERS: '2' } })
  scene.worker('0/1').beats({ rss: 5000, served: 12, requests: 1, connections: 3, eventLoopDelay: 0.5, eventLoopUtilization: 0.25 })
  scene.worker('1/1').exits(9)
  scene.worker('1/1').becomesReady()

  const { status, json } = await ask(socket, '/status')

  t.equal(status, 200)
  t.match(json, {
    version: '1.2.3', node: process.version, pid: process.pid, url: 'http://127.0.0.1:4000', state: 'running', crashLoop: false, wanted: 2, rollout: null, lastReload: null
  })
  t.match(json.generation, { number: 1, application: null, program: '/release/worker/index.js', directory: '/release' })
  t.match(json.workers, [
    { slot: 0, generation: 1, state: 'ready', stale: false, restarts: 0, rssBytes: 5000, served: 12, requests: 1, connections: 3, eventLoopDelayMs: 0.5, eventLoopUtilization: 0.25 },
    { slot: 1, generation: 1, state: 'ready', stale: false, restarts: 1, rssBytes: null, served: null }
  ])
})

await t.test('times in the status are wall-clock times', async (t) => {
  const before = Date.now()
  const { scene, socket } = await serveControl(t)
  scene.supervisor.reload()
  scene.settle()

  const { json } = await ask(socket, '/status') as { json: Status }

  t.match(json.lastReload, { result: 'completed', generation: 2, slots: [2, 2], error: null, slot: null })
  // The time of the fake host is far from the time of this process.
  t.ok(Math.abs(Date.parse(json.generation.since) - before) < 24 * 3600_000)
  t.ok(Math.abs(Date.parse(String(json.lastReload?.endedAt)) - before) < 24 * 3600_000)
})

await t.test('the status shows a reload in progress', async (t) => {
  const { scene, socket } = await serveControl(t)
  scene.supervisor.reload()

  const { json } = await ask(socket, '/status')

  t.match(json, { state: 'reloading', rollout: { generation: 2 }, workers: [{ slot: 0, generation: 1 }, { slot: 0, generation: 2, state: 'starting', pid: Number }, {}] })
})

await t.test('a worker whose process could not be started has no pid', async (t) => {
  const { scene, socket } = await serveControl(t)
  scene.host.failsToFork = true
  scene.supervisor.scale(1)

  t.match((await ask(socket, '/status')).json.workers[2], { slot: 2, pid: null, state: 'starting' })
})

await t.test('POST /reload is answered when the reload has ended', async (t) => {
  const { scene, socket } = await serveControl(t)

  const answer = ask(socket, '/reload', { method: 'POST' })
  await waitUntil(() => scene.supervisor.state === 'reloading', () => 'the reload')
  scene.settle()

  t.match(await answer, { status: 200, json: { result: 'completed', generation: 2, slot: null, slots: [2, 2], error: null } })
})

await t.test('a reload that is refused, fails or is overtaken answers 409 with the cause', async (t) => {
  const { scene, socket } = await serveControl(t)
  const begin = async (generation: number): Promise<{ answer: Promise<unknown> }> => {
    const answer = ask(socket, '/reload', { method: 'POST', body: {} })
    await waitUntil(() => scene.supervisor.rollingOut === generation, () => 'the reload')
    return { answer }
  }

  scene.settings = new Error('the port is wrong')
  t.match(await ask(socket, '/reload', { method: 'POST' }), { status: 409, json: { result: 'refused', generation: null, error: { message: 'the port is wrong' } } })
  scene.settings = {}

  const failing = await begin(2)
  scene.worker('0/2').exits(7)
  t.match(await failing.answer, { status: 409, json: { result: 'failed', generation: 2, slot: 0, slots: [1, 1], error: { message: 'the worker exited with code 7 before it was ready', code: 'BATON_WORKER_EXITED' } } })

  const overtaken = await begin(3)
  scene.supervisor.reload()
  t.match(await overtaken.answer, { status: 409, json: { result: 'overtaken', generation: 3, error: { message: 'a newer reload was requested' } } })

  const stopped = await ask(socket, '/status')
  t.equal(stopped.json.lastReload.result, 'overtaken')
})

await t.test('a reload that waits behind an overtaken one can be overtaken before it begins', async (t) => {
  const { scene } = await serveControl(t)
  const results: string[] = []
  const reload = (): void => { scene.supervisor.reload(({ result }) => { results.push(result) }) }

  reload()
  reload()
  reload()
  scene.settle()

  t.strictSame(results, ['overtaken', 'overtaken', 'completed'])
})

await t.test('a stop ends a reload in progress, and a waiting one', async (t) => {
  const { scene } = await serveControl(t)
  const results: string[] = []
  scene.supervisor.reload(({ result }) => { results.push(result) })
  scene.supervisor.reload(({ result }) => { results.push(result) })

  scene.supervisor.stop({ idleTimeout: 0, delay: 0 })
  scene.supervisor.reload(({ result, error }) => { results.push(`${result}: ${error?.message}`) })

  t.strictSame(results, ['overtaken', 'stopped', 'refused: the service is stopping'])
})

await t.test('a stream sends the steps of a reload as they happen, and then the outcome', async (t) => {
  const { scene, socket } = await serveControl(t)
  const events: ReloadEvent[] = []

  const answer = ask(socket, '/reload', { method: 'POST', headers: { accept: 'application/x-ndjson' }, line: (event) => { events.push(event) } })
  await waitUntil(() => events.some(({ event }) => event === 'worker:forked'), () => 'the first fork')
  scene.settle()

  t.equal((await answer).headers['content-type'], 'application/x-ndjson')
  t.match(events, [
    { event: 'reload:started', generation: 2, workers: 2, slots: [1, 1] },
    { event: 'worker:forked', slot: 0, generation: 2, pid: Number },
    { event: 'worker:ready', slot: 0, generation: 2, durationMs: 0 },
    { event: 'worker:draining', slot: 0, generation: 1 },
    { event: 'worker:forked', slot: 1, generation: 2 },
    { event: 'worker:exited', slot: 0, generation: 1, code: 0, signal: null, wasKilled: false, durationMs: 0 },
    { event: 'worker:ready', slot: 1, generation: 2 },
    { event: 'worker:draining', slot: 1, generation: 1 },
    { event: 'reload:ended', result: 'completed', generation: 2, slots: [2, 2], error: null }
  ])
  t.equal(events.length, 9)
})

await t.test('a stream contains no events of the reload that it overtakes', async (t) => {
  const { scene, socket } = await serveControl(t)
  scene.supervisor.reload()
  const events: ReloadEvent[] = []

  const answer = ask(socket, '/reload', { method: 'POST', headers: { accept: 'application/x-ndjson' }, line: (event) => { events.push(event) } })
  await waitUntil(() => scene.supervisor.rollingOut === undefined, () => 'the end of the first')
  scene.settle()
  await answer

  t.match(events[0], { event: 'reload:started', generation: 3 })
  t.match(events.at(-1), { event: 'reload:ended', result: 'completed', generation: 3 })
})

await t.test('the stream of a refused reload contains only the outcome', async (t) => {
  const { scene, socket } = await serveControl(t)
  scene.settings = new Error('the port is wrong')

  const { text } = await ask(socket, '/reload', { method: 'POST', headers: { accept: 'application/x-ndjson' } })

  t.match(JSON.parse(text), { event: 'reload:ended', result: 'refused', generation: null, error: { message: 'the port is wrong' } })
})

await t.test('with "drained" the stream continues until the old workers have exited', async (t) => {
  const { scene, socket } = await serveControl(t, { settings: { WORKERS: '1' } })
  const events: ReloadEvent[] = []

  const answer = ask(socket, '/reload', {
    method: 'POST', body: { drained: true }, headers: { accept: 'application/x-ndjson' }, line: (event) => { events.push(event) }
  })
  await waitUntil(() => scene.supervisor.state === 'reloading', () => 'the reload')
  scene.worker('0/2').becomesReady()
  await waitUntil(() => events.some(({ event }) => event === 'reload:ended'), () => 'the end of the reload')
  t.notOk(events.some(({ event }) => event === 'reload:drained'))
  scene.drained()
  await answer

  t.match(events.slice(-2), [{ event: 'worker:exited', slot: 0, generation: 1 }, { event: 'reload:drained' }])
})

await t.test('the exit of a worker that did not drain has no duration', async (t) => {
  const { scene, socket } = await serveControl(t)
  const events: ReloadEvent[] = []

  const answer = ask(socket, '/reload', { method: 'POST', headers: { accept: 'application/x-ndjson' }, line: (event) => { events.push(event) } })
  await waitUntil(() => scene.supervisor.state === 'reloading', () => 'the reload')
  scene.worker('0/2').exits(null, 'SIGSEGV')
  await answer

  t.strictSame(events.find(({ event }) => event === 'worker:exited'), {
    event: 'worker:exited', slot: 0, generation: 2, pid: scene.worker('0/2').pid, code: null, signal: 'SIGSEGV', wasKilled: false
  })
})

await t.test('a stream reports that the reload waits for drains', async (t) => {
  const { scene, socket } = await serveControl(t, { settings: { WORKERS: '2', MAX_DRAINING: '1' } })
  const events: ReloadEvent[] = []

  const answer = ask(socket, '/reload', { method: 'POST', headers: { accept: 'application/x-ndjson' }, line: (event) => { events.push(event) } })
  await waitUntil(() => scene.supervisor.state === 'reloading', () => 'the reload')
  scene.worker('0/2').becomesReady()
  scene.settle()
  await answer

  t.match(events.find(({ event }) => event === 'reload:waiting'), { generation: 2, maxDraining: 1 })
})

await t.test('when a client disconnects, its reload continues and its listeners are removed', async (t) => {
  const { scene, socket } = await serveControl(t)
  for (const headers of [{ accept: 'application/x-ndjson' }, { accept: 'application/json' }]) {
    const { request } = await import('node:http')
    const sent = request({ socketPath: socket, path: '/reload', method: 'POST', headers, agent: false })
    sent.on('error', () => {})
    sent.end()
    await waitUntil(() => scene.supervisor.state === 'reloading', () => 'the reload')
    t.equal(scene.supervisor.events.listenerCount('entry'), 1)

    sent.destroy()
    await waitUntil(() => scene.supervisor.events.listenerCount('entry') === 0, () => 'the end of the listener')
    scene.settle()
  }

  t.match(scene.supervisor.lastReload, { result: 'completed', generation: 3 })
})

await t.test('scaling is answered with the number of workers there will be', async (t) => {
  const { scene, socket } = await serveControl(t)

  t.match(await ask(socket, '/scale', { method: 'POST', body: { workers: 4 } }), { status: 200, json: { workers: 4 } })
  scene.settle()
  t.equal(scene.table().length, 4)
  t.match(await ask(socket, '/scale', { method: 'POST', body: { workers: 1 } }), { status: 200, json: { workers: 1 } })
  t.match(await ask(socket, '/scale', { method: 'POST', body: { workers: 66 } }), { status: 409, json: { message: 'slot 65 cannot have its port' } })
  scene.supervisor.stop({ idleTimeout: 0, delay: 0 })
  t.match(await ask(socket, '/scale', { method: 'POST', body: { workers: 2 } }), { status: 409, json: { message: 'the service is stopping' } })
})

await t.test('scaling while a reload waits to begin applies to that reload', async (t) => {
  const { scene, socket } = await serveControl(t)
  scene.supervisor.reload()
  scene.supervisor.reload()

  t.match(await ask(socket, '/scale', { method: 'POST', body: { workers: 3 } }), { status: 200, json: { workers: 3 } })
  scene.settle()

  t.strictSame(scene.table(), ['0/3 ready', '1/3 ready', '2/3 ready'])
})

await t.test('an invalid request is answered with the reason', async (t) => {
  const { scene, socket } = await serveControl(t)
  const post = (path: string, question: object): ReturnType<typeof ask> => ask(socket, path, { method: 'POST', ...question })

  t.match(await ask(socket, '/nothing'), { status: 404, json: { message: 'there is no /nothing here' } })
  t.match(await ask(socket, '/status', { method: 'DELETE' }), { status: 405, headers: { allow: 'GET' }, json: { message: '/status allows GET, not DELETE' } })
  t.match(await ask(socket, '/reload?now'), { status: 405, headers: { allow: 'POST' } })
  t.match(await post('/reload', { raw: '{' }), { status: 400, json: { message: /^the body is not JSON: / } })
  t.match(await post('/reload', { raw: 'drained=true', headers: { 'content-type': 'application/x-www-form-urlencoded' } }), { status: 400, json: { message: /^the body is not JSON: / } })
  t.match(await post('/reload', { body: { drained: 'yes' } }), { status: 400, json: { message: 'body/drained must be boolean' } })
  t.match(await post('/reload', { body: { force: true } }), { status: 400, json: { message: 'body must NOT have additional properties' } })
  t.match(await post('/scale', { body: { workers: 0 } }), { status: 400, json: { message: 'body/workers must be >= 1' } })
  t.match(await post('/scale', { body: { workers: 1025 } }), { status: 400, json: { message: 'body/workers must be <= 1024' } })
  t.match(await post('/scale', { body: { workers: '2' } }), { status: 400, json: { message: 'body/workers must be integer' } })
  t.match(await post('/scale', {}), { status: 400, json: { message: 'body must have required property \'workers\'' } })
  t.match(await post('/scale', { raw: '', headers: { 'content-type': 'application/json' } }), { status: 400 })
  t.match(await post('/scale', { raw: ' '.repeat(20_000) }), { status: 413 })
  t.equal(scene.supervisor.state, 'running')
  t.equal(scene.supervisor.wantedWorkers, 2)
})

await t.test('POST /stop is answered when the service has stopped, and then the socket is removed', async (t) => {
  const { control, socket, stops } = await serveControl(t)

  const answer = ask(socket, '/stop', { method: 'POST' })
  await waitUntil(() => stops() === 1, () => 'the stop')
  await control.end(1)

  t.match(await answer, { status: 200, json: { code: 1 } })
  t.notOk(existsSync(socket))
})

await t.test('a client that reads nothing delays the exit only briefly', async (t) => {
  const { control, socket } = await serveControl(t)
  const { connect } = await import('node:net')
  const client = connect(socket)
  t.teardown(() => client.destroy())
  await new Promise((resolve) => { client.once('connect', resolve) })
  client.write('POST /reload HTTP/1.1\r\nhost: x\r\n\r\n')
  await waitUntil(() => client.bytesWritten > 0, () => 'the request')

  await control.end(0)

  t.notOk(existsSync(socket))
})

await t.test('the control socket answers before the first worker is started', async (t) => {
  const { socket } = await serveControl(t, { isRunning: false })

  t.match(await ask(socket, '/status'), { status: 200, json: { state: 'starting', workers: [] } })
})

await t.test('the port for metrics is read-only', async (t) => {
  const { scene, control } = await serveControl(t, { change: { config: { controlSocket: 'off', metrics: { host: '127.0.0.1', port: 0 } } } })
  const url = String(control.metricsUrl)

  t.equal(control.socket, undefined)
  t.match(await send(`${url}/metrics`), { status: 200, headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, body: 'baton_generation 1\n' })
  t.match(JSON.parse((await send(`${url}/status`)).body), { state: 'running' })
  t.match(await send(`${url}/health/live`), { status: 200 })
  t.match(await send(`${url}/health/ready`), { status: 200 })
  for (const path of ['/reload', '/scale', '/stop']) t.match(await send(`${url}${path}`, { method: 'POST' }), { status: 404 }, path)
  t.match(await send(`${url}/metrics`, { method: 'POST' }), { status: 405 })

  scene.supervisor.stop({ idleTimeout: 0, delay: 10_000 })
  t.match(await send(`${url}/health/live`), { status: 200 })
  t.match(await send(`${url}/health/ready`), { status: 503, body: '{"status":"unavailable","state":"stopping"}' })
})

await t.test('the service is not ready while all workers are starting', async (t) => {
  const { control } = await serveControl(t, { isRunning: false, change: { config: { controlSocket: 'off', metrics: { host: '127.0.0.1', port: 0 } } } })

  t.match(await send(`${control.metricsUrl}/health/ready`), { status: 503 })
})

await t.test('an IPv6 address is in brackets in the URL', async (t) => {
  const { control } = await serveControl(t, { change: { config: { controlSocket: 'off', metrics: { host: '::1', port: 0 } } } })

  t.match(control.metricsUrl, /^http:\/\/\[::1\]:\d+$/)
})

await t.test('a port for metrics that is in use is named in the error, and the socket is removed', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1')
  t.teardown(() => { holder.close() })
  await new Promise((resolve) => { holder.once('listening', resolve) })
  const { port } = holder.address() as AddressInfo
  const setup = prepareControl(t, { config: { controlSocket: 'control.sock', metrics: { host: '127.0.0.1', port } } })

  await t.rejects(Control.open(setup), {
    code: 'BATON_PORT_IN_USE',
    message: new RegExp(`^port ${port} .METRICS_PORT. is in use by process ${process.pid} .+: stop that process, or set METRICS_PORT to another port$`)
  })

  t.notOk(existsSync(join(setup.directory, 'control.sock')))
})

await t.test('the default path is in the first runtime directory, or in a folder of the user', async (t) => {
  const setup = prepareControl(t)
  const config = { controlSocket: undefined, metrics: undefined }

  const inRuntime = await Control.open({ ...setup, config, runtimeDirectories: [setup.directory] })
  const port = 70_000 + process.pid
  const inOwn = await Control.open({ ...setup, config, port })
  t.teardown(async () => { await inRuntime.end(0); await inOwn.end(0) })

  t.equal(inRuntime.socket, join(setup.directory, 'baton-4000.sock'))
  t.equal(inOwn.socket, join(ownDirectory(), `baton-${port}.sock`))
})

await t.test('without CONTROL_SOCKET, an unusable default path means no socket and a warning', async (t) => {
  const setup = prepareControl(t)
  const runtimeDirectories = [join(setup.directory, 'missing')]

  const control = await Control.open({ ...setup, config: { controlSocket: undefined, metrics: undefined }, runtimeDirectories })

  t.equal(control.socket, undefined)
  t.match(setup.warnings, [/missing\/baton-4000\.sock cannot be used.*the command "baton" cannot reach this instance: set CONTROL_SOCKET/])
})

await t.test('an unusable CONTROL_SOCKET is an error, and so is a default path that another process holds', async (t) => {
  const setup = prepareControl(t)
  const runtimeDirectories = [setup.directory]
  const first = await Control.open({ ...setup, config: { controlSocket: undefined, metrics: undefined }, runtimeDirectories })
  t.teardown(async () => { await first.end(0) })

  await t.rejects(Control.open({ ...setup, config: { controlSocket: 'missing/control.sock', metrics: undefined } }), { code: 'BATON_CONTROL_SOCKET_UNUSABLE' })
  await t.rejects(Control.open({ ...setup, config: { controlSocket: undefined, metrics: undefined }, runtimeDirectories }), { code: 'BATON_CONTROL_SOCKET_HELD' })
})

await t.test('a process that exits without closing removes its socket', async (t) => {
  const control = await Control.open(prepareControl(t))

  control.remove()

  t.notOk(existsSync(String(control.socket)))
  await control.end(0)
  control.remove()
})
