import t from 'tap'
import { superviseRunning } from './supervise.ts'

await t.test('all workers, in any state, receive the request to reopen their logs, and nothing else changes', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  const before = scene.table()
  t.strictSame(before, ['0/1 draining', '0/2 ready', '1/1 ready', '1/2 starting'])

  scene.supervisor.reopenLogs()

  for (const name of ['0/1', '0/2', '1/1', '1/2']) t.match(scene.worker(name).sent.at(-1), { type: 'reopen-log' }, name)
  t.strictSame(scene.table(), before)
})
