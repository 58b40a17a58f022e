import t from 'tap'
import { readLaunch } from '../src/launch.ts'

await t.test('sockets go where systemd says, or else where the session says', async (t) => {
  t.strictSame(readLaunch({ RUNTIME_DIRECTORY: '/run/baton:/run/other', XDG_RUNTIME_DIR: '/run/user/1000' }).runtimeDirectories, ['/run/baton', '/run/user/1000'])
  t.strictSame(readLaunch({ RUNTIME_DIRECTORY: '', XDG_RUNTIME_DIR: '/run/user/1000' }).runtimeDirectories, ['/run/user/1000'])
  t.strictSame(readLaunch({}).runtimeDirectories, [])
})

await t.test('the environment of the process is what is read unless told otherwise', async (t) => {
  const before = process.env.RUNTIME_DIRECTORY
  t.teardown(() => { if (before === undefined) delete process.env.RUNTIME_DIRECTORY; else process.env.RUNTIME_DIRECTORY = before })
  process.env.RUNTIME_DIRECTORY = '/run/this'

  t.equal(readLaunch().runtimeDirectories[0], '/run/this')
})
