import { statSync } from 'node:fs'
import t from 'tap'
import { send, type Hello } from '../helpers/http.ts'
import { serve } from '../helpers/program.ts'
import { createSocketPath } from '../helpers/socket-path.ts'
import { startTraffic } from '../helpers/traffic.ts'

async function helloOn (path: string): Promise<Hello> {
  return JSON.parse((await send('http://test/', { socketPath: path })).body)
}

for (const env of [{}, { WORKERS: '1' }, { SCHEDULING: 'shared' }, { WORKERS: '3', MAX_SURGE: '3' }]) {
  await t.test(`a reload fails no request on a UNIX socket, and leaves it with its mode: ${JSON.stringify(env)}`, async (t) => {
    const path = createSocketPath(t)
    const program = await serve(t, { env: { LISTEN_SOCKET: path, LISTEN_MODE: '0600', CANARY_MS: '100', ...env } })
    const { ino } = statSync(path)
    const traffic = startTraffic(t, { socketPath: path })
    await traffic.goesOn(50)

    for (let count = 0; count < 2; count++) {
      t.equal((await program.reload()).event, 'reload:completed')
      await traffic.goesOn(50)
    }

    t.same(await traffic.end(), [])
    await program.event('worker:exited')
    t.match(await helloOn(path), { generation: 3 }, 'a worker that leaves does not remove the file')
    t.equal(statSync(path).ino, ino)
    t.equal(statSync(path).mode & 0o777, 0o600)
  })
}
