import { once } from 'node:events'
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { measurePrograms } from '../helpers/built.ts'
import { hello } from '../helpers/http.ts'
import { Http2Client } from '../helpers/http2-client.ts'
import { serve, startProgram, type Program } from '../helpers/program.ts'
import { fixture } from '../helpers/root.ts'
import { pair, pem } from '../helpers/tls.ts'
import { DEADLINE, waitUntil } from '../helpers/wait-until.ts'

const ONE = { ca: pair('one').cert }
const TWO = { ca: pair('two').cert }
const PAIR = { TLS_CERT_FILE: pem('one-cert'), TLS_KEY_FILE: pem('one-key') }

interface Deployed {
  readonly cwd: string
  readonly env: { readonly TLS_CERT_FILE: string, readonly TLS_KEY_FILE: string }
  /** Puts another certificate or key into its place, as a renewal does. */
  readonly put: (file: 'cert' | 'key', from: string) => void
}

/** Certificate and key in files that the test replaces, named by relative paths. */
function deploy (t: Test): Deployed {
  const cwd = t.testdir({})
  const put: Deployed['put'] = (file, from) => {
    copyFileSync(pem(from), join(cwd, 'next.pem'))
    renameSync(join(cwd, 'next.pem'), join(cwd, `${file}.pem`))
  }
  put('cert', 'one-cert')
  put('key', 'one-key')
  return { cwd, env: { TLS_CERT_FILE: 'cert.pem', TLS_KEY_FILE: 'key.pem' }, put }
}

await t.test('SIGHUP rotates the certificate, also through HTTP/2', async (t) => {
  measurePrograms(t)
  const { cwd, env, put } = deploy(t)
  const program = await serve(t, { cwd, env: { ...env, HTTP2: 'true' } })
  t.match(await hello(program.url, ONE), { generation: 1 })
  await t.rejects(hello(program.url, TWO), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })

  put('cert', 'two-cert')
  put('key', 'two-key')
  t.equal((await program.reload()).event, 'reload:completed')

  for (let count = 0; count < 4; count++) t.match(await hello(program.url, TWO), { generation: 2 })
  await t.rejects(hello(program.url, ONE), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  const client = new Http2Client(program.url, TWO.ca)
  t.teardown(() => { client.destroy() })
  t.match(JSON.parse(await client.get('/')), { generation: 2 })
})

await t.test('a broken, missing or mismatched pair refuses the reload, and a crash restarts with the pair of the generation', async (t) => {
  const { cwd, env, put } = deploy(t)
  const program = await serve(t, { cwd, env })

  put('cert', 'two-cert')
  t.match(await program.reload(), { event: 'reload:refused', err: { code: 'BATON_TLS_PAIR' } })
  writeFileSync(join(cwd, 'cert.pem'), 'half a certifi')
  t.match(await program.reload(), { event: 'reload:refused', err: { code: 'BATON_TLS_FILE', message: /TLS_CERT_FILE cert\.pem/ } })
  rmSync(join(cwd, 'key.pem'))
  t.match(await program.reload(), { event: 'reload:refused', err: { code: 'BATON_TLS_FILE' } })
  t.match(await hello(program.url, ONE), { generation: 1 })
  t.equal(program.events('worker:forked').length, 2)

  const { pid, slot } = await hello(program.url, ONE)
  process.kill(pid, 'SIGKILL')
  await program.event('worker:ready', 3)
  const seen = new Set<number>()
  for (let count = 0; count < 8; count++) seen.add((await hello(program.url, ONE)).pid)
  t.notOk(seen.has(pid), `slot ${slot} has another worker`)
  t.equal(seen.size, 2)
})

await t.test('a pair that cannot be used is a configuration error at the start', async (t) => {
  for (const [env, message] of [
    [{ ...PAIR, TLS_KEY_FILE: pem('two-key') }, /TLS_KEY_FILE .*two-key\.pem does not match the certificate/],
    [{ ...PAIR, TLS_CERT_FILE: 'nowhere.pem' }, /TLS_CERT_FILE nowhere\.pem cannot be used/],
    [{ TLS_CERT_FILE: pem('one-cert') }, /TLS_KEY_FILE is not set/]
  ] as const) {
    const program = startProgram(t, { env })

    t.same(await program.exit(), { code: 78, signal: null })
    t.match(program.stderr, message)
  }
})

await t.test('turning TLS or HTTP/2 on or off needs a restart', async (t) => {
  const cwd = t.testdir({ '.env': '' })
  const program = await serve(t, { cwd })
  const securely = `TLS_CERT_FILE=${PAIR.TLS_CERT_FILE}\nTLS_KEY_FILE=${PAIR.TLS_KEY_FILE}\n`

  writeFileSync(join(cwd, '.env'), securely)
  t.match(await program.reload(), { event: 'reload:refused', err: { code: 'BATON_TRANSPORT_FIXED', message: /from plain HTTP to HTTPS .*restart/ } })
  t.match(await hello(program.url), { generation: 1 })
  writeFileSync(join(cwd, '.env'), 'LOG_REQUESTS=true')
  t.equal((await program.reload()).event, 'reload:completed')
})

await t.test('a certificate that has expired is served, with a warning', async (t) => {
  measurePrograms(t)
  const { cwd, env, put } = deploy(t)
  const program = await serve(t, { cwd, env })
  t.notOk(program.find(({ msg }) => msg.includes('expired on')))

  put('cert', 'expired-cert')
  t.equal((await program.reload()).event, 'reload:completed')

  t.match(await program.line(({ msg }) => msg.includes('expired on')), { level: 40, certFile: 'cert.pem', validTo: 'Jan  1 00:00:00 2021 GMT' })
  t.match(await hello(program.url, { rejectUnauthorized: false }), { generation: 2 })
})

await t.test('the key is in no environment and in no line of the log', async (t) => {
  const program = await serve(t, { env: { ...PAIR, LOG_LEVEL: 'trace' } })
  await program.reload()
  // One that is on its way out has an environment no more.
  await program.event('worker:exited', 2)
  const [, line = ''] = pair('one').key.split('\n')

  for (const pid of program.survivors()) t.notOk(readFileSync(`/proc/${pid}/environ`, 'utf8').includes(line))
  t.notOk(program.text().includes(line))
})

await t.test('over HTTP/2 answers name the worker, health answers, and a stop lets streams finish', async (t) => {
  const program = await serve(t, { env: { ...PAIR, HTTP2: 'true', WORKER_HEADER: 'true' } })
  const session = connectHttp2(program.url, ONE)
  t.teardown(() => { session.destroy() })
  const health = session.request({ ':path': '/health/ready' })
  const [headers] = await once(health, 'response', { signal: AbortSignal.timeout(DEADLINE) })
  t.match(headers, { ':status': 200, 'x-baton-worker': /^\d\/1\/\d+$/ })
  const slow = session.request({ ':path': '/slow?ms=700' })
  let body = ''
  slow.on('data', (chunk) => { body += String(chunk) })
  const finished = once(slow, 'close', { signal: AbortSignal.timeout(DEADLINE) })
  // Its answer comes after the stream has reached the same worker.
  const ping = session.request({ ':path': '/health/live' })
  await once(ping, 'response', { signal: AbortSignal.timeout(DEADLINE) })

  program.child.kill('SIGTERM')

  await finished
  t.match(JSON.parse(body), { pid: Number })
  t.same(await program.exit(), { code: 0, signal: null })
})

await t.test('WebSockets close with 1012, and connect again to a new worker', async (t) => {
  const application = fixture('apps/websocket.js')
  for (const [env, scheme] of [[{}, 'ws'], [PAIR, 'wss'], [{ ...PAIR, HTTP2: 'true' }, 'wss']] as const) {
    const program = await serve(t, { args: [application], env: { ...env, CANARY_MS: '0' } })
    const sockets = await Promise.all([1, 2, 3].map(async () => await openWebSocket(t, program, scheme)))
    for (const { worker } of sockets) t.match(worker, { generation: 1 })
    const closes = sockets.map(async ({ socket }) => await once(socket, 'close', { signal: AbortSignal.timeout(DEADLINE) }))

    t.equal((await program.reload()).event, 'reload:completed')

    for (const [code, reason] of await Promise.all(closes)) t.same([code, String(reason)], [1012, 'service restart'])
    t.match((await openWebSocket(t, program, scheme)).worker, { generation: 2 })
    await program.event('worker:drained', 2)
  }
})

await t.test('a connection that is idle over TLS ends with close_notify and FIN on a stop', async (t) => {
  const program = await serve(t, { env: { ...PAIR, STOP_IDLE_MS: '0' } })
  const socket: TLSSocket = connect({ port: program.port, host: '127.0.0.1', ...ONE })
  t.teardown(() => { socket.destroy() })
  const errors: unknown[] = []
  socket.on('error', (error) => { errors.push(error) })
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(DEADLINE) })
  const ended = once(socket.resume(), 'end', { signal: AbortSignal.timeout(DEADLINE) })
  // Its worker has it once it serves another one that came later.
  await hello(program.url, ONE)

  program.child.kill('SIGTERM')

  await ended
  t.same(await program.exit(), { code: 0, signal: null })
  t.same(errors, [])
})

interface OpenWebSocket {
  readonly socket: WebSocket
  /** Who has it. */
  readonly worker: { readonly generation: number }
}

async function openWebSocket (t: Test, program: Program, scheme: string): Promise<OpenWebSocket> {
  const socket = new WebSocket(`${scheme}://127.0.0.1:${program.port}/`, ONE)
  t.teardown(() => { socket.terminate() })
  let first: string | undefined
  socket.once('message', (message) => { first = String(message) })
  await waitUntil(() => first !== undefined, () => 'the first message')
  return { socket, worker: JSON.parse(String(first)) }
}
