import t from 'tap'
import { superviseRunning, type Scene } from './supervise.ts'

/** A reload to a release in its own folder, half way through: slot 0 is relieved, slot 1 starts. */
function superviseHalfReloaded (workers = '2'): Scene {
  const scene = superviseRunning({ WORKERS: workers })
  scene.directory = '/releases/2'
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  scene.drained()
  return scene
}

await t.test('a release in its own folder that fails half way is rolled back, with the old worker ready first', async (t) => {
  const scene = superviseHalfReloaded()

  scene.worker('1/2').exits(1)
  const starting = scene.table()
  scene.host.living.find(({ name, isReady }) => name === '0/1' && !isReady)?.becomesReady()
  const relieved = scene.table()
  scene.drained()

  t.match(scene.line('reload:failed'), { level: 'error', generation: 2, slot: 1, slots: [1, 1] })
  t.strictSame(starting, ['0/1 starting', '0/2 ready', '1/1 ready'])
  t.strictSame(relieved, ['0/1 ready', '0/2 draining', '1/1 ready'])
  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready'])
  t.equal(scene.worker('0/1').generation.directory, '/release')
})

await t.test('a release is rolled back one slot at a time', async (t) => {
  const scene = superviseHalfReloaded('3')
  scene.worker('1/2').becomesReady()
  scene.drained()

  scene.worker('2/2').exits(1)
  const first = scene.table()
  scene.worker('0/1').becomesReady()
  const second = scene.table()
  scene.settle()

  t.strictSame(first, ['0/1 starting', '0/2 ready', '1/2 ready', '2/1 ready'])
  t.strictSame(second, ['0/1 ready', '0/2 draining', '1/1 starting', '1/2 ready', '2/1 ready'])
  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready', '2/1 ready'])
})

await t.test('a rollback waits while MAX_DRAINING workers are draining', async (t) => {
  const scene = superviseRunning({ WORKERS: '2', MAX_DRAINING: '1' })
  scene.directory = '/releases/2'
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  const [old] = scene.host.processes
  scene.worker('1/1').exits(1)
  scene.worker('1/2').exits(1)
  const waiting = scene.table()

  old?.exits(0)

  t.strictSame(waiting, ['0/1 draining', '0/2 ready', '1/1 starting'])
  t.strictSame(scene.table(), ['0/1 starting', '0/2 ready', '1/1 starting'])
})

await t.test('with files replaced in place all workers stay, and the log has the generation of each slot', async (t) => {
  const scene = superviseRunning({ WORKERS: '3' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  scene.drained()

  scene.worker('1/2').exits(1)

  t.match(scene.line('reload:failed'), { slot: 1, slots: [2, 1, 1] })
  t.strictSame(scene.table(), ['0/2 ready', '1/1 ready', '2/1 ready'])
})

await t.test('an old worker that crashes after a failed reload is restarted from its own release', async (t) => {
  const scene = superviseHalfReloaded()
  scene.worker('1/2').exits(1)
  scene.settle()

  scene.worker('1/1').exits(1)

  t.strictSame(scene.table(), ['0/1 ready', '1/1 starting'])
  t.equal(scene.worker('1/1').generation.directory, '/release')
})

await t.test('a new worker that crashes before it is rolled back is replaced by the old release', async (t) => {
  const scene = superviseHalfReloaded('3')
  scene.worker('1/2').becomesReady()
  scene.drained()
  scene.worker('2/2').exits(1)

  scene.worker('1/2').exits(1)
  const table = scene.table()
  scene.settle()

  t.strictSame(table, ['0/1 starting', '0/2 ready', '1/1 starting', '2/1 ready'])
  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready', '2/1 ready'])
})

await t.test('when the old release cannot start either, the new workers stay, and it is tried again later', async (t) => {
  const scene = superviseHalfReloaded()
  scene.worker('1/2').exits(1)

  for (let count = 0; count < 6; count++) scene.worker('0/1').exits(1)
  const delayed = scene.table()
  scene.host.advance(100)

  t.strictSame(delayed, ['0/2 ready', '1/1 ready'])
  t.strictSame(scene.table(), ['0/1 starting', '0/2 ready', '1/1 ready'])
  t.match(scene.line('restart:delayed'), { durationMs: 100, crashes: 6 })
})

await t.test('a reload right after a failed one begins at once, during the rollback', async (t) => {
  const scene = superviseHalfReloaded()
  scene.worker('1/2').exits(1)
  scene.directory = '/releases/3'

  scene.supervisor.reload()
  const begun = scene.table()
  scene.settle()

  t.strictSame(begun, ['0/1 draining', '0/2 ready', '0/3 starting', '1/1 ready'].toSorted())
  t.strictSame(scene.table(), ['0/3 ready', '1/3 ready'])
  t.equal(scene.worker('1/3').generation.directory, '/releases/3')
})

await t.test('a reload that fails right after a failed one restores the generation before both', async (t) => {
  const scene = superviseHalfReloaded()
  scene.worker('1/2').exits(1)
  scene.directory = '/releases/3'
  scene.supervisor.reload()
  scene.drained()

  scene.worker('0/3').exits(1)
  scene.settle()

  t.strictSame(scene.line('reload:failed')?.slots, [1, 1])
  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready'])
})

await t.test('a reload that is overtaken half way is not rolled back', async (t) => {
  const scene = superviseHalfReloaded()

  scene.supervisor.reload()

  t.strictSame(scene.line('reload:failed')?.slots, [2, 1])
})

await t.test('when a release is abandoned while its canary is watched, the older worker keeps serving', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', CANARY_MS: '1000' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  scene.supervisor.reload()

  t.strictSame(scene.table(), ['0/1 ready', '0/2 draining', '0/3 starting'])
})
