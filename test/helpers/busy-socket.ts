import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Test } from 'tap'
import { DEADLINE } from './wait-until.ts'

/** Has a process listen on a UNIX socket that accepts nothing, and fills its queue: the next to connect meets EAGAIN. */
export async function occupy (t: Test, path: string): Promise<void> {
  const program = `require('node:net').createServer().listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => console.log('listening'))`
  const holder = spawn(process.execPath, ['-e', program])
  t.teardown(() => { holder.kill('SIGKILL') })
  await once(holder.stdout, 'data', { signal: AbortSignal.timeout(DEADLINE) })
  holder.kill('SIGSTOP')

  const deadline = performance.now() + DEADLINE
  while (await isQueued(t, path)) {
    if (performance.now() > deadline) throw new Error(`the queue of ${path} does not fill`)
  }
}

async function isQueued (t: Test, path: string): Promise<boolean> {
  const socket = connect(path)
  t.teardown(() => { socket.destroy() })
  return await new Promise((resolve, reject) => {
    socket.once('connect', () => { resolve(true) })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EAGAIN') resolve(false)
      else reject(error)
    })
  })
}
