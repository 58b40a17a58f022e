import { EventEmitter, once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { inheritedAddress, watchInheritedSocket } from '../../../src/primary/systemd/inherited-socket.ts'

const isLinux = process.platform === 'linux'

if (!isLinux) t.comment('systemd exists on Linux only')

await t.test('the address of a TCP socket is found, and the socket stays as it is', { skip: !isLinux }, async (t) => {
  const server = await listen(t, 0)
  const { port } = server.address() as AddressInfo
  const fd = descriptor(server)

  t.strictSame(inheritedAddress(fd), { address: { fd }, url: `http://127.0.0.1:${port}`, port })
  t.ok(server.listening)
})

await t.test('the address of a UNIX socket is found, without a port', { skip: !isLinux }, async (t) => {
  // The path of a socket may have 107 bytes, and the path of a test folder may be longer.
  const path = join(tmpdir(), `baton-inherited-${process.pid}.sock`)
  const fd = descriptor(await listen(t, path))

  t.strictSame(inheritedAddress(fd), { address: { fd }, url: `unix:${path}` })
})

await t.test('a descriptor that is not a socket or not open is refused', async (t) => {
  const file = openSync(process.execPath, 'r')
  t.teardown(() => { closeSync(file) })

  for (const fd of [file, 1_000_000]) {
    t.throws(() => inheritedAddress(fd), { code: 'BATON_INHERITED_SOCKET_UNUSABLE', message: `descriptor ${fd} is not a socket: it must be` })
  }
})

await t.test('a connected socket is refused, as Accept=yes would pass it', { skip: !isLinux }, async (t) => {
  const server = await listen(t, 0)
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  await once(socket, 'connect')

  const fd = descriptor(socket)
  t.throws(() => inheritedAddress(fd), { code: 'BATON_INHERITED_SOCKET_UNUSABLE', message: `descriptor ${fd} does not listen` })
})

const dead = { isDead: () => true }
const living = { isDead: () => false }

await t.test('the socket is lost once its descriptor is closed and a worker has exited', async (t) => {
  const server = await listen(t, 0)
  const workers = new EventEmitter()
  let losses = 0
  watchInheritedSocket(descriptor(server), () => { losses++ }, workers)

  workers.emit('exit', dead)
  workers.emit('disconnect', dead)
  const before = losses
  server.close()
  workers.emit('disconnect', living)
  const early = losses
  workers.emit('exit', dead)

  t.strictSame([before, early, losses], [0, 0, 1])
})

await t.test('the loss is reported as well when the process ends before its channel', async (t) => {
  const server = await listen(t, 0)
  const workers = new EventEmitter()
  let losses = 0
  watchInheritedSocket(descriptor(server), () => { losses++ }, workers)
  server.close()

  workers.emit('disconnect', dead)

  t.equal(losses, 1)
})

await t.test('the loss is reported as well when another file has the number of the descriptor', async (t) => {
  const server = await listen(t, 0)
  const workers = new EventEmitter()
  const fd = descriptor(server)
  let losses = 0
  watchInheritedSocket(fd, () => { losses++ }, workers)
  server.close()
  const opened: number[] = []
  t.teardown(() => { for (const other of opened) closeSync(other) })
  while (!opened.includes(fd)) opened.push(openSync(process.execPath, 'r'))

  workers.emit('exit', dead)

  t.equal(losses, 1)
})

async function listen (t: Test, where: number | string): Promise<Server> {
  const server = createServer()
  if (typeof where === 'string') server.listen(where)
  else server.listen(where, '127.0.0.1')
  t.teardown(() => { server.close() })
  await once(server, 'listening')
  return server
}

function descriptor (owner: Server | Socket): number {
  return (owner as unknown as { _handle: { fd: number } })._handle.fd
}
