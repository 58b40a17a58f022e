import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import t, { type Test } from 'tap'
import { claimSocketPath, guardSocket, openSocket } from '../../../../src/primary/listen/socket-file.ts'
import { asNobody } from '../../../helpers/as-nobody.ts'
import { occupy } from '../../../helpers/busy-socket.ts'
import { createSocketPath } from '../../../helpers/socket-path.ts'

async function listenOn (t: Test, path: string): Promise<ReturnType<typeof createServer>> {
  const server = createServer((socket) => { socket.destroy() }).listen(path)
  t.teardown(() => { server.close() })
  await once(server, 'listening')
  return server
}

/** Makes the socket of a process that was killed. */
function leaveStale (path: string): void {
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', program])
}

await t.test('a path without a file can be used, and a relative one is made absolute', async (t) => {
  const path = createSocketPath(t)

  t.equal(await claimSocketPath(path), path)
  t.equal(await claimSocketPath(relative(process.cwd(), path)), path)
  t.notOk(existsSync(path), 'a check leaves no file')
})

await t.test('the socket of a process that was killed is removed', async (t) => {
  const path = createSocketPath(t)
  leaveStale(path)
  t.ok(existsSync(path))

  t.equal(await claimSocketPath(path), path)

  t.notOk(existsSync(path))
})

await t.test('a socket on which a process listens is left alone, and the error names it', async (t) => {
  const path = createSocketPath(t)
  const server = await listenOn(t, path)

  await t.rejects(claimSocketPath(path), { code: 'BATON_LISTEN_SOCKET_HELD', message: new RegExp(`^LISTEN_SOCKET ${path} is in use`) })

  t.ok(server.listening)
  t.ok(existsSync(path))
})

await t.test('a socket whose process is too busy to accept is still in use', async (t) => {
  const path = createSocketPath(t)
  await occupy(t, path)

  await t.rejects(claimSocketPath(path), { code: 'BATON_LISTEN_SOCKET_HELD' })
})

await t.test('a socket that a dying process releases can be used', async (t) => {
  const path = createSocketPath(t)
  const server = await listenOn(t, path)
  server.once('connection', () => { server.close() })

  t.equal(await claimSocketPath(path), path)
})

const OTHERS: Readonly<Record<string, (path: string) => void>> = {
  'a file': (path) => { writeFileSync(path, 'mine') },
  'an empty file': (path) => { writeFileSync(path, '') },
  'a folder': (path) => { mkdirSync(path) },
  'a link, even to a stale socket': (path) => {
    leaveStale(`${path}.other`)
    symlinkSync(`${path}.other`, path)
  }
}

for (const [name, make] of Object.entries(OTHERS)) {
  await t.test(`${name} is not a socket, and is never removed`, async (t) => {
    const path = createSocketPath(t)
    make(path)

    await t.rejects(claimSocketPath(path), {
      code: 'BATON_LISTEN_SOCKET_UNUSABLE', message: `cannot listen on LISTEN_SOCKET ${path}: the file there is not a socket`
    })

    t.ok(existsSync(path))
  })
}

await t.test('a socket is left alone when it is not possible to tell whether a process listens', async (t) => {
  const path = createSocketPath(t)
  await listenOn(t, path)
  chmodSync(join(path, '..'), 0o777)
  chmodSync(path, 0)

  await asNobody(async () => {
    await t.rejects(claimSocketPath(path), { code: 'BATON_LISTEN_SOCKET_UNUSABLE', message: /EACCES/ })
  })

  t.ok(existsSync(path))
})

await t.test('a missing folder, or a file in its place, is named in the error', async (t) => {
  const path = createSocketPath(t)
  writeFileSync(path, '')

  await t.rejects(claimSocketPath('/nowhere/s'), { code: 'BATON_LISTEN_SOCKET_UNUSABLE', message: /cannot listen on LISTEN_SOCKET \/nowhere\/s: ENOENT/ })
  await t.rejects(claimSocketPath(`${path}/s`), { code: 'BATON_LISTEN_SOCKET_UNUSABLE', message: /ENOTDIR/ })
})

await t.test('a path may have at most 107 bytes, which are not characters', async (t) => {
  const folder = join(createSocketPath(t), '..')
  const longest = join(folder, 'x'.repeat(107 - folder.length - 1))

  t.equal(await claimSocketPath(longest), longest)
  await listenOn(t, longest)
  for (const path of [`${longest}x`, `${longest.slice(0, -1)}ü`]) {
    await t.rejects(claimSocketPath(path), {
      code: 'BATON_LISTEN_SOCKET_UNUSABLE', message: `cannot listen on LISTEN_SOCKET ${path}: its path is 108 bytes long, and at most 107 are allowed`
    })
  }
})

await t.test('the socket gets the permissions of the setting', async (t) => {
  const path = createSocketPath(t)
  await listenOn(t, path)

  for (const mode of [0o600, 0o660, 0o666]) {
    openSocket({ path, mode })
    t.equal(statSync(path).mode & 0o777, mode)
  }
})

await t.test('a socket file that was removed is no error', async (t) => {
  t.doesNotThrow(() => { openSocket({ path: createSocketPath(t), mode: 0o660 }) })
})

await t.test('until then only the owner may connect, whatever the umask; processes have the operator\'s umask', async (t) => {
  const path = createSocketPath(t)
  const before = process.umask(0)
  t.teardown(() => { process.umask(before) })

  const start = guardSocket()
  await listenOn(t, path)

  t.equal(statSync(path).mode & 0o022, 0)
  const childMask = start(() => spawnSync(process.execPath, ['-p', 'process.umask().toString(8)']).stdout)
  t.equal(String(childMask), '0\n')
  t.throws(() => start(() => { throw new Error('no process') }), { message: 'no process' })
  t.equal(process.umask(before), 0o022)
})
