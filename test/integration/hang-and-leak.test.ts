import t from 'tap'
import { measurePrograms } from '../helpers/built.ts'
import { hello, send } from '../helpers/http.ts'
import { serve } from '../helpers/program.ts'
import { fixture } from '../helpers/root.ts'

const HANGS = fixture('apps/hangs.js')

await t.test('a worker that hangs is replaced and killed, and the log says where it hung', async (t) => {
  measurePrograms(t)
  const program = await serve(t, { args: [HANGS], env: { HEARTBEAT_TIMEOUT_MS: '3000' } })
  const hung = send(`${program.url}/hang`).then(() => 'answered', () => 'cut')

  const line = await program.event('worker:hung')
  await program.event('worker:exited')

  t.match(line, { level: 50, stack: /spinForEver .*hangs\.js:2/ })
  t.equal(await hung, 'cut')
  t.match(program.events('worker:exited')[0], { pid: line.pid, signal: 'SIGKILL' })
  await program.event('worker:ready', 3)
  t.match(await hello(program.url), { generation: 1 })
})

await t.test('the primary that was stopped for longer than the heartbeat timeout kills no worker', async (t) => {
  const program = await serve(t, { env: { HEARTBEAT_TIMEOUT_MS: '3000' } })

  process.kill(program.pid, 'SIGSTOP')
  await new Promise((resolve) => { setTimeout(resolve, 4500) })
  process.kill(program.pid, 'SIGCONT')
  t.equal((await program.reload()).event, 'reload:completed')

  t.equal(program.events('worker:hung').length, 0)
})

await t.test('a worker over a limit of its life is relieved, and no request fails', async (t) => {
  for (const [name, value] of [['MAX_WORKER_REQUESTS', '20'], ['MAX_WORKER_AGE_MS', '1000'], ['MAX_WORKER_RSS_BYTES', '1000000']] as const) {
    const program = await serve(t, { env: { [name]: value, WORKERS: '1' } })
    const first = await hello(program.url)

    let last = first
    while (last.pid === first.pid) last = await hello(program.url)

    t.match(program.find(({ event }) => event === 'worker:stale'), { pid: first.pid, limit: name })
    t.match(await program.event('worker:exited'), { pid: first.pid, code: 0 })
  }
})

await t.test('a note that is put to one worker is read from the others', async (t) => {
  measurePrograms(t)
  const program = await serve(t, { env: { WORKERS: '3' } })

  const { status } = await send(`${program.url}/note`, {
    method: 'PUT', body: '{"note":"buy milk"}', headers: { 'content-type': 'application/json' }
  })

  t.equal(status, 200)
  const heard = new Set<number>()
  while (heard.size < 3) {
    const { note, pid } = JSON.parse((await send(`${program.url}/note`)).body)
    if (note === 'buy milk') heard.add(pid)
  }
  t.equal(heard.size, 3)
})
