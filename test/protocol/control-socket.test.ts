import t from 'tap'
import { runtimeDirectories } from '../../src/protocol/control-socket.ts'

await t.test('sockets are in the directory of systemd, or else in that of the session', async (t) => {
  t.strictSame(runtimeDirectories({ RUNTIME_DIRECTORY: '/run/baton:/run/other', XDG_RUNTIME_DIR: '/run/user/1000' }), ['/run/baton', '/run/user/1000'])
  t.strictSame(runtimeDirectories({ RUNTIME_DIRECTORY: '', XDG_RUNTIME_DIR: '/run/user/1000' }), ['/run/user/1000'])
  t.strictSame(runtimeDirectories({}), [])
})

await t.test('without an argument the environment of the process is read', async (t) => {
  const before = process.env.RUNTIME_DIRECTORY
  t.teardown(() => { if (before === undefined) delete process.env.RUNTIME_DIRECTORY; else process.env.RUNTIME_DIRECTORY = before })
  process.env.RUNTIME_DIRECTORY = '/run/this'

  t.equal(runtimeDirectories()[0], '/run/this')
})
