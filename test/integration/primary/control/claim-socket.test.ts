import { spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, symlinkSync, writeFileSync, readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { claimDirectory, claimSocket } from '../../../../src/primary/control/claim-socket.ts'
import { MAX_PATH } from '../../../../src/primary/listen/unix-socket.ts'
import { asNobody } from '../../../helpers/as-nobody.ts'
import { occupy } from '../../../helpers/busy-socket.ts'

/** A folder with a short path, because the path of a socket is limited. */
function folder (t: Test): string {
  const path = `/tmp/baton-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`
  mkdirSync(path)
  t.teardown(() => { spawnSync('rm', ['-rf', path]) })
  return path
}

function closedAfter (t: Test, server: Server): Server {
  t.teardown(async () => { await new Promise((resolve) => { server.close(resolve) }) })
  return server
}

await t.test('only the user of the service can connect to the socket', async (t) => {
  const path = join(folder(t), 'control.sock')
  const before = process.umask()

  await claimSocket(closedAfter(t, createServer()), path)

  t.equal(lstatSync(path).mode & 0o777, 0o600)
  t.equal(process.umask(), before)
})

await t.test('a socket on which no process listens any more is replaced', async (t) => {
  const path = join(folder(t), 'control.sock')
  spawnSync(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`])
  t.ok(lstatSync(path).isSocket())

  const server = closedAfter(t, createServer())
  await claimSocket(server, path)

  t.ok(server.listening)
})

await t.test('a socket on which a process listens is left alone, and the process is named if it answers', async (t) => {
  const answers: ReadonlyArray<readonly [string, string]> = [
    ['{"pid":77}', 'process 77'], ['no JSON', 'an unknown process'], ['null', 'an unknown process']
  ]
  for (const [answer, holder] of answers) {
    const path = join(folder(t), 'control.sock')
    await claimSocket(closedAfter(t, createHttpServer((_request, response) => { response.end(answer) })), path)

    await t.rejects(claimSocket(createServer(), path), {
      code: 'BATON_CONTROL_SOCKET_HELD', message: `the control socket ${path} is held by ${holder}: stop it first, or give this instance its own socket (CONTROL_SOCKET)`
    })
  }
})

await t.test('the wait for a process that does not answer is limited', async (t) => {
  const path = join(folder(t), 'control.sock')
  const held: Array<{ destroy: () => void }> = []
  await claimSocket(closedAfter(t, createServer((socket) => { held.push(socket) })), path)
  t.teardown(() => { for (const socket of held) socket.destroy() })

  await t.rejects(claimSocket(createServer(), path), { code: 'BATON_CONTROL_SOCKET_HELD', message: /an unknown process/ })
})

await t.test('so is the wait for a process that answers one byte at a time', async (t) => {
  const path = join(folder(t), 'control.sock')
  let drip: NodeJS.Timeout | undefined
  await claimSocket(closedAfter(t, createHttpServer((_request, response) => {
    drip = setInterval(() => { response.write(' ') }, 100)
    response.on('close', () => { clearInterval(drip) })
  })), path)
  t.teardown(() => { clearInterval(drip) })

  await t.rejects(claimSocket(createServer(), path), { code: 'BATON_CONTROL_SOCKET_HELD', message: /an unknown process/ })
})

await t.test('after an answer that is cut short the process is unknown', async (t) => {
  const path = join(folder(t), 'control.sock')
  await claimSocket(closedAfter(t, createHttpServer((_request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('{', () => { response.destroy() })
  })), path)

  await t.rejects(claimSocket(createServer(), path), { code: 'BATON_CONTROL_SOCKET_HELD' })
})

await t.test('a process that is too busy to accept still holds the socket', async (t) => {
  const path = join(folder(t), 'control.sock')
  await occupy(t, path)

  await t.rejects(claimSocket(createServer(), path), { code: 'BATON_CONTROL_SOCKET_HELD', message: /an unknown process/ })

  t.ok(lstatSync(path).isSocket())
})

await t.test('a socket is left alone when it is not possible to tell whether a process listens', async (t) => {
  const place = folder(t)
  const path = join(place, 'control.sock')
  await claimSocket(closedAfter(t, createServer()), path)
  chmodSync(place, 0o777)
  chmodSync(path, 0)

  await asNobody(async () => {
    await t.rejects(claimSocket(createServer(), path), {
      code: 'BATON_CONTROL_SOCKET_UNUSABLE', message: /it is not possible to tell whether a process listens there \(EACCES\)/
    })
  })

  t.ok(lstatSync(path).isSocket())
})

await t.test('a file that is not a socket is not changed', async (t) => {
  const path = join(folder(t), 'notes.txt')
  writeFileSync(path, 'mine')

  await t.rejects(claimSocket(createServer(), path), { code: 'BATON_CONTROL_SOCKET_UNUSABLE', message: /the file there is not a socket/ })

  t.equal(readFileSync(path, 'utf8'), 'mine')
})

await t.test('a path that cannot be used is named with the reason', async (t) => {
  const nowhere = join(folder(t), 'missing', 'control.sock')
  const long = `/${'x'.repeat(MAX_PATH)}`

  await t.rejects(claimSocket(createServer(), nowhere), { code: 'BATON_CONTROL_SOCKET_UNUSABLE', message: new RegExp(nowhere) })
  await t.rejects(claimSocket(createServer(), long), { code: 'BATON_CONTROL_SOCKET_UNUSABLE', message: /its path is 108 bytes long, and at most 107 are allowed/ })
})

await t.test('a folder for the user is made, and used again when it exists', async (t) => {
  const path = join(folder(t), 'own')

  claimDirectory(path)
  claimDirectory(path)

  t.equal(lstatSync(path).mode & 0o777, 0o700)
})

await t.test('a folder that others can enter, a link and a file are refused', async (t) => {
  const place = folder(t)
  const [open, link, file, missing] = ['open', 'link', 'file', 'missing/own'].map((name) => join(place, name)) as [string, string, string, string]
  claimDirectory(open)
  chmodSync(open, 0o755)
  symlinkSync(open, link)
  writeFileSync(file, '')

  for (const path of [open, link, file]) {
    t.throws(() => { claimDirectory(path) }, { code: 'BATON_CONTROL_SOCKET_UNUSABLE', message: /a folder of this user that no other user can enter/ }, path)
  }
  t.throws(() => { claimDirectory(missing) }, { code: 'BATON_CONTROL_SOCKET_UNUSABLE', message: /ENOENT/ })
})
