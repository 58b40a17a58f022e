import t from 'tap'
import { PROTOCOL } from '../../../src/protocol/messages.ts'
import { superviseRunning, type Scene, type Settings } from './supervise.ts'

/** The real default of the canary time: a second. */
const WATCHED: Settings = { CANARY_MS: '' }

/** A reload whose first worker is ready and being watched. */
function superviseCanary (settings: Settings = {}): Scene {
  const scene = superviseRunning({ ...WATCHED, ...settings })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  return scene
}

await t.test('the first worker of a release is watched for a second, then asked, and only then do the others follow', async (t) => {
  const scene = superviseCanary()
  const watched = scene.table()
  scene.host.advance(999)
  const wasAskedEarly = scene.worker('0/2').isAsked
  scene.host.advance(1)
  const asked = scene.table()
  const isAsked = scene.worker('0/2').isAsked

  scene.worker('0/2').answers()

  t.strictSame([watched, asked], [['0/1 ready', '0/2 ready', '1/1 ready'], ['0/1 ready', '0/2 ready', '1/1 ready']])
  t.strictSame([wasAskedEarly, isAsked], [false, true])
  t.strictSame(scene.table(), ['0/1 draining', '0/2 ready', '1/1 ready', '1/2 starting'])
})

await t.test('an answer before the ping does not count', async (t) => {
  const scene = superviseCanary()

  scene.worker('0/2').answers()
  scene.host.advance(1000)

  t.strictSame(scene.table(), ['0/1 ready', '0/2 ready', '1/1 ready'])
})

await t.test('the first worker is pinged once', async (t) => {
  const scene = superviseCanary()
  scene.host.advance(1000)

  scene.host.advance(500)
  scene.worker('1/1').says({ type: 'pong' })

  t.equal(scene.worker('0/2').sent.filter(({ type }) => type === 'ping').length, 1)
})

for (const [title, settings] of [
  ['with one worker', { WORKERS: '1' }],
  ['with two', { WORKERS: '2' }],
  ['with MAX_SURGE=2', { WORKERS: '3', MAX_SURGE: '2' }]
] as const) {
  for (const [how, fall] of [
    ['exits', (scene: Scene) => { scene.worker('0/2').exits(1) }],
    ['is killed', (scene: Scene) => { scene.worker('0/2').exits(null, 'SIGSEGV') }],
    ['has an uncaught error', (scene: Scene) => { scene.worker('0/2').says({ type: 'failed', error: { message: 'uncaught error' } }) }]
  ] as const) {
    await t.test(`${title} a release whose first worker ${how} while it is watched changes no old worker`, async (t) => {
      const scene = superviseCanary(settings)
      const before = scene.table().filter((row) => row.includes('/1 '))
      scene.host.advance(999)

      fall(scene)
      scene.drained()

      t.strictSame(scene.table(), before)
      t.match(scene.line('reload:failed'), { level: 'error', generation: 2, slot: 0 })
      t.equal(scene.host.processes.filter(({ name }) => name.endsWith('/2')).length, 1)
      t.notOk(scene.host.processes.some(({ name, isDisconnected }) => name.endsWith('/1') && isDisconnected))
    })
  }
}

await t.test('a release whose first worker does not answer within the start timeout changes no old worker', async (t) => {
  const scene = superviseCanary({ START_TIMEOUT_MS: '500' })
  scene.host.advance(1000)

  scene.host.advance(499)
  const before = scene.line('reload:failed')
  scene.host.advance(1)

  t.equal(before, undefined)
  t.match(scene.line('reload:failed'), {
    level: 'error', slot: 0, slots: [1, 1], durationMs: 1500, err: { code: 'BATON_CANARY_SILENT', message: 'the first worker of the release was ready, but did not answer a ping 1500 ms later' }
  })
  t.strictSame(scene.table(), ['0/1 ready', '0/2 draining', '1/1 ready'])
})

await t.test('with HEARTBEAT_TIMEOUT_MS the first worker has to answer within that time', async (t) => {
  const scene = superviseCanary({ HEARTBEAT_TIMEOUT_MS: '3000' })
  scene.passes(1000)

  scene.passes(3000)

  t.match(scene.line('reload:failed'), { err: { code: 'BATON_CANARY_SILENT' } })
})

await t.test('an answer that arrived during a pause of the primary still counts', async (t) => {
  const scene = superviseCanary({ START_TIMEOUT_MS: '2000' })
  scene.host.advance(1000)

  scene.host.suspend(60_000)
  scene.host.advance(0)
  scene.worker('0/2').answers()

  t.equal(scene.line('reload:failed'), undefined)
  t.strictSame(scene.table(), ['0/1 draining', '0/2 ready', '1/1 ready', '1/2 starting'])
})

await t.test('a pause before the ping changes nothing', async (t) => {
  const scene = superviseCanary()

  scene.host.suspend(60_000)
  scene.host.advance(0)

  t.ok(scene.worker('0/2').isAsked)
  t.equal(scene.line('reload:failed'), undefined)
})

await t.test('with MAX_SURGE equal to WORKERS one is watched, then all replacements come before all drains', async (t) => {
  const scene = superviseCanary({ WORKERS: '3', MAX_SURGE: '3' })
  const watched = scene.table()

  scene.host.advance(1000)
  scene.worker('0/2').answers()
  const passed = scene.table()
  scene.worker('1/2').becomesReady()
  const half = scene.table()
  scene.worker('2/2').becomesReady()

  t.strictSame(watched, ['0/1 ready', '0/2 ready', '1/1 ready', '2/1 ready'])
  t.strictSame(passed, ['0/1 ready', '0/2 ready', '1/1 ready', '1/2 starting', '2/1 ready', '2/2 starting'])
  t.strictSame(half, ['0/1 ready', '0/2 ready', '1/1 ready', '1/2 ready', '2/1 ready', '2/2 starting'])
  t.strictSame(scene.table(), ['0/1 draining', '0/2 ready', '1/1 draining', '1/2 ready', '2/1 draining', '2/2 ready'])
  t.equal(scene.line('reload:completed')?.generation, 2)
})

await t.test('with MAX_SURGE=0 the first worker is watched before a second one drains', async (t) => {
  const scene = superviseRunning({ ...WATCHED, MAX_SURGE: '0' })
  scene.supervisor.reload()
  scene.worker('0/1').exits(0)
  scene.worker('0/2').becomesReady()
  scene.host.advance(1000)
  const watched = scene.table()

  scene.worker('0/2').answers()

  t.strictSame(watched, ['0/2 ready', '1/1 ready'])
  t.strictSame(scene.table(), ['0/2 ready', '1/1 draining'])
})

await t.test('with MAX_SURGE=0 the slot of a first worker that crashes while it is watched goes back', async (t) => {
  const scene = superviseRunning({ ...WATCHED, MAX_SURGE: '0' })
  scene.supervisor.reload()
  scene.worker('0/1').exits(0)
  scene.worker('0/2').becomesReady()

  scene.worker('0/2').exits(1)

  t.strictSame(scene.table(), ['0/1 starting', '1/1 ready'])
  t.strictSame(scene.line('reload:failed')?.slots, [1, 1])
})

await t.test('with MAX_SURGE=0 the old worker stays when another slot is added while its replacement is watched', async (t) => {
  const scene = superviseRunning({ ...WATCHED, MAX_SURGE: '0' })
  scene.supervisor.scale(-1)
  scene.drained()
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  scene.supervisor.scale(1)
  const watched = scene.table()
  scene.settle()

  t.strictSame(watched, ['0/1 ready', '0/2 ready'])
  t.strictSame(scene.table(), ['0/2 ready', '1/2 ready', '2/2 ready'])
})

await t.test('a reload while the first worker is watched continues with the newest release at once', async (t) => {
  const scene = superviseCanary()

  scene.supervisor.reload()

  t.strictSame(scene.table(), ['0/1 ready', '0/2 draining', '0/3 starting', '1/1 ready'])
  t.match(scene.line('reload:failed'), { level: 'warn', generation: 2, slots: [1, 1] })
})

await t.test('a stop while the first worker is watched drains all of them', async (t) => {
  const scene = superviseCanary()

  scene.supervisor.stop({ delay: 0, idleTimeout: 0 })
  scene.drained()

  t.strictSame(scene.stopped, [0])
  t.notOk(scene.host.hasTimer)
})

await t.test('a worker that is added while the first one is watched is of the old release until the canary has passed', async (t) => {
  const scene = superviseCanary()

  scene.supervisor.scale(1)
  const added = scene.table()
  scene.settle()

  t.strictSame(added, ['0/1 ready', '0/2 ready', '1/1 ready', '2/1 starting'])
  t.strictSame(scene.table(), ['0/2 ready', '1/2 ready', '2/2 ready'])
})

await t.test('removing a worker while the first one is watched leaves the one that it should relieve', async (t) => {
  const scene = superviseCanary()

  scene.supervisor.scale(-1)
  const watched = scene.table()
  scene.settle()

  t.strictSame(watched, ['0/1 ready', '0/2 ready', '1/1 draining'])
  t.strictSame(scene.table(), ['0/2 ready'])
})

await t.test('an old worker that crashes while the first new one is watched is replaced from its own generation', async (t) => {
  const scene = superviseCanary()

  scene.worker('1/1').exits(1)

  t.strictSame(scene.table(), ['0/1 ready', '0/2 ready', '1/1 starting'])
})

await t.test('the first worker is forked for a slot without a ready worker, and watched there', async (t) => {
  const scene = superviseRunning({ ...WATCHED, MAX_RESTARTS: '0' })
  scene.worker('1/1').exits(1)
  scene.supervisor.reload()
  scene.worker('1/2').becomesReady()
  const watched = scene.table()

  scene.host.advance(1000)
  scene.worker('1/2').answers()

  t.strictSame(watched, ['0/1 ready', '1/2 ready'])
  t.strictSame(scene.table(), ['0/1 ready', '0/2 starting', '1/2 ready'])
})

await t.test('a slot without a ready worker goes back when the first worker crashes there', async (t) => {
  const scene = superviseRunning({ ...WATCHED, MAX_RESTARTS: '0' })
  scene.worker('1/1').exits(1)
  scene.supervisor.reload()
  scene.worker('1/2').becomesReady()

  scene.worker('1/2').exits(1)
  scene.host.advance(100)

  t.strictSame(scene.line('reload:failed')?.slots, [1, 1])
  t.strictSame(scene.table(), ['0/1 ready', '1/1 starting'])
})

await t.test('with a single unserved slot the number of workers changes after the canary has passed', async (t) => {
  const scene = superviseRunning({ ...WATCHED, WORKERS: '1', MAX_RESTARTS: '0' })
  scene.worker('0/1').exits(1)
  scene.settings = { ...WATCHED, WORKERS: '3' }
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  const watched = scene.table()

  scene.settle()

  t.strictSame(watched, ['0/2 ready'])
  t.strictSame(scene.table(), ['0/2 ready', '1/2 ready', '2/2 ready'])
})

await t.test('another worker is watched when the slot of the first one is removed', async (t) => {
  const scene = superviseRunning({ ...WATCHED, MAX_RESTARTS: '0' })
  scene.worker('1/1').exits(1)
  scene.supervisor.reload()
  scene.worker('1/2').becomesReady()
  scene.supervisor.scale(-1)

  const next = scene.table()
  scene.worker('0/2').becomesReady()
  scene.host.advance(1000)
  const watched = scene.table()
  scene.worker('0/2').answers()

  t.strictSame(next, ['0/1 ready', '0/2 starting', '1/2 draining'])
  t.strictSame(watched, ['0/1 ready', '0/2 ready', '1/2 draining'])
  t.strictSame(scene.table(), ['0/1 draining', '0/2 ready', '1/2 draining'])
})

for (const [title, settings, table] of [
  ['has no room for another', {}, ['0/1 ready', '0/2 ready', '1/1 ready']],
  ['has room for another', { MAX_SURGE: '2' }, ['0/1 ready', '0/2 ready', '0/2 starting', '1/1 ready']]
] as const) {
  await t.test(`a watched worker that exceeds its limits in a pool that ${title} stays watched, and is relieved after the old one`, async (t) => {
    const scene = superviseCanary({ MAX_WORKER_REQUESTS: '10', ...settings })
    const [canary] = scene.host.living.filter(({ name }) => name === '0/2')

    canary?.beats({ served: 12 })
    const watched = scene.table()
    scene.host.advance(1000)
    canary?.answers()
    scene.settle()

    t.strictSame(watched, table)
    t.strictSame(scene.table(), ['0/2 ready', '1/2 ready'])
    t.ok(canary?.hasExited)
    t.equal(scene.line('reload:completed')?.generation, 2)
  })
}

await t.test('a worker with another protocol version fails the reload with the advice to restart, and only while it starts', async (t) => {
  const scene = superviseCanary()

  scene.worker('0/2').says({ type: 'ready', protocol: PROTOCOL + 1 })

  t.equal(scene.worker('0/2').kills, 0)
  t.equal(scene.line('reload:failed'), undefined)
})
