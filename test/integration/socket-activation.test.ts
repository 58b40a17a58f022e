import { readdirSync, readlinkSync } from 'node:fs'
import t from 'tap'
import { measurePrograms } from '../helpers/built.ts'
import { holdSocket } from '../helpers/held-socket.ts'
import { hello, send } from '../helpers/http.ts'
import { serve, startProgram } from '../helpers/program.ts'
import { createRelease } from '../helpers/release.ts'

const skip = process.platform === 'linux' ? false : 'systemd is on Linux only'

await t.test('the log says where the inherited socket listens, whatever HOST and PORT say', { skip }, async (t) => {
  const socket = holdSocket(t)
  const program = await serve(t, { socket, env: { HOST: '127.0.0.9', PORT: '1' } })

  t.match(program.find(({ event }) => event === 'server:ready'), { url: `http://127.0.0.1:${socket.port}`, port: socket.port })
  t.equal((await hello(program.url)).generation, 1)
})

await t.test('a reload works on it as ever', { skip }, async (t) => {
  const program = await serve(t, { socket: holdSocket(t) })

  t.equal((await program.reload()).event, 'reload:completed')
  t.equal((await hello(program.url)).generation, 2)
})

await t.test('workers accept by themselves unless SCHEDULING says otherwise', { skip }, async (t) => {
  const holders = async (env: Record<string, string>): Promise<{ primary: number, worker: number }> => {
    const socket = holdSocket(t)
    const held = readlinkSync(`/proc/self/fd/${socket.fd}`)
    const program = await serve(t, { socket, env })
    const worker = program.events('worker:ready')[0]?.pid as number
    t.equal((await hello(program.url)).generation, 1)
    const count = (pid: number): number => sockets(pid).filter((link) => link === held).length
    return { primary: count(program.pid), worker: count(worker) }
  }

  t.strictSame(await holders({}), { primary: 1, worker: 1 })
  t.strictSame(await holders({ SCHEDULING: 'round-robin' }), { primary: 1, worker: 0 })
})

await t.test('neither workers nor the application see what systemd said', { skip }, async (t) => {
  const { path } = createRelease(t, "export default async function (fastify) { fastify.get('/', async () => process.env) }")
  const program = await serve(t, {
    socket: holdSocket(t), args: [path], env: { LISTEN_FDNAMES: 'baton.socket', NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '30000000', PATH: '/usr/bin:/bin' }
  })

  const seen = Object.keys(JSON.parse((await send(program.url)).body))

  t.strictSame(seen.filter((name) => /^(LISTEN|NOTIFY|WATCHDOG)_/.test(name)), [])
  t.ok(seen.includes('PATH'))
})

await t.test('the descriptor is lost with the last worker: exit code 4, and what connects meanwhile is served after the next start', { skip }, async (t) => {
  measurePrograms(t)
  const socket = holdSocket(t)
  const program = await serve(t, { socket, env: { WORKERS: '1' } })

  process.kill(program.events('worker:ready')[0]?.pid as number, 'SIGKILL')
  t.strictSame(await program.exit(), { code: 4, signal: null })
  const waiting = hello(`http://127.0.0.1:${socket.port}`)
  await serve(t, { socket })

  t.match(program.find(({ level }) => level === 60), { err: { code: 'BATON_INHERITED_SOCKET_LOST' }, msg: /^giving up: no worker is left/ })
  t.match(program.text(), 'worker was killed by SIGKILL')
  t.equal((await waiting).generation, 1)
})

await t.test('the last of two workers takes it along, and a request that the draining one holds is answered', { skip }, async (t) => {
  const socket = holdSocket(t)
  const program = await serve(t, { socket, env: { WORKERS: '1', STOP_TIMEOUT_MS: '60000' } })
  const answer = send(`${program.url}/slow?ms=2000`)
  await waitForRequest(program.url)
  await program.reload()

  process.kill(program.events('worker:ready')[1]?.pid as number, 'SIGKILL')

  t.equal((await answer).status, 200)
  t.strictSame(await program.exit(), { code: 4, signal: null })
})

await t.test('more sockets than one end the start with code 78', { skip }, async (t) => {
  const program = startProgram(t, { socket: holdSocket(t), env: { LISTEN_FDS: '2' } })

  t.strictSame(await program.exit(), { code: 78, signal: null })
  t.match(program.stderr, 'LISTEN_FDS is "2": it must be 1')
})

await t.test('a descriptor that is no listening socket ends the start with code 78', { skip }, async (t) => {
  const program = startProgram(t, { socket: { fd: 0, port: 0 } })

  t.strictSame(await program.exit(), { code: 78, signal: null })
  t.match(program.stderr, 'the inherited descriptor 3 is not a socket')
})

/** The request before it, on another connection, has arrived by then. */
async function waitForRequest (url: string): Promise<void> {
  for (let count = 0; count < 4; count++) await hello(url)
}

/** @returns what sockets a process has, by their inodes */
function sockets (pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).flatMap((descriptor) => {
    try {
      return [readlinkSync(`${folder}/${descriptor}`)].filter((link) => link.startsWith('socket:'))
    } catch {
      return []
    }
  })
}
