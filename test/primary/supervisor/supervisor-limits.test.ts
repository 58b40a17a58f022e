import t from 'tap'
import { supervise, superviseRunning, type Scene } from './supervise.ts'

for (const [name, settings, load, limit] of [
  ['memory', { MAX_WORKER_RSS_BYTES: '1000' }, { rss: 1001 }, 'MAX_WORKER_RSS_BYTES'],
  ['requests', { MAX_WORKER_REQUESTS: '1000' }, { served: 1101 }, 'MAX_WORKER_REQUESTS'],
  ['age', { MAX_WORKER_AGE_MS: '1000' }, {}, 'MAX_WORKER_AGE_MS']
] as const) {
  await t.test(`a worker over its limit of ${name} is replaced first, then drained, and does not count as a crash`, async (t) => {
    const scene = superviseRunning({ WORKERS: '1', ...settings })
    const [leaking] = scene.host.processes
    scene.host.advance(limit === 'MAX_WORKER_AGE_MS' ? 1101 : 0)

    leaking?.beats(load)
    leaking?.beats(load)
    const meanwhile = scene.table()
    scene.worker('0/1').becomesReady()

    t.strictSame(meanwhile, ['0/1 ready', '0/1 starting'])
    t.strictSame(scene.table(), ['0/1 draining', '0/1 ready'])
    t.match(scene.line('worker:stale'), { level: 'info', slot: 0, generation: 1, limit, text: `worker exceeds ${limit}; relieving it` })
    t.equal(scene.lines.filter(({ event }) => event === 'worker:stale').length, 1)
  })
}

await t.test('a worker at its limits is left alone', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', MAX_WORKER_RSS_BYTES: '1000', MAX_WORKER_REQUESTS: '1000', MAX_WORKER_AGE_MS: '1000' })

  scene.host.advance(1100)
  scene.worker('0/1').beats({ rss: 1000, served: 1100 })

  t.strictSame(scene.table(), ['0/1 ready'])
})

await t.test('without limits a worker may be of any age and size', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })

  scene.host.advance(1e9)
  scene.worker('0/1').beats({ rss: 1e15, served: 1e15 })

  t.strictSame(scene.table(), ['0/1 ready'])
})

for (const [chance, limit] of [[0, 900], [0.5, 1000], [1, 1100]] as const) {
  await t.test(`with a random factor of ${chance} a limit of 1000 becomes ${limit}`, async (t) => {
    const scene = supervise({ MAX_WORKER_REQUESTS: '1000', MAX_WORKER_AGE_MS: '1000' })
    scene.host.chance = chance
    scene.supervisor.start()
    scene.settle()
    const [young, old] = scene.host.processes
    young?.beats({ served: limit })
    scene.host.advance(limit)
    old?.beats()
    const before = scene.line('worker:stale')

    young?.beats({ served: limit + 1 })
    scene.host.advance(1)
    old?.beats()

    t.equal(before, undefined)
    t.strictSame(scene.lines.filter(({ event }) => event === 'worker:stale').map(({ slot, limit }) => [slot, limit]), [
      [0, 'MAX_WORKER_REQUESTS'], [1, 'MAX_WORKER_AGE_MS']
    ])
  })
}

for (const maxSurge of ['0', '1', '3']) {
  await t.test(`workers that exceed their limits together are relieved one at a time, with MAX_SURGE=${maxSurge}`, async (t) => {
    const scene = superviseRunning({ WORKERS: '3', MAX_SURGE: maxSurge, MAX_WORKER_REQUESTS: '10' })
    for (const process of scene.host.living) process.beats({ served: 12 })
    let most = 0
    for (let steps = 0; steps < 20; steps++) {
      most = Math.max(most, scene.host.living.filter(({ isReady }) => !isReady).length)
      const starting = scene.host.living.find(({ isReady }) => !isReady)
      starting?.becomesReady()
      scene.drained()
    }

    t.strictSame(scene.table(), ['0/1 ready', '1/1 ready', '2/1 ready'])
    t.notOk(scene.supervisor.workers.some(({ isStale }) => isStale))
    t.equal(scene.host.processes.length, 6)
    t.equal(most, 1)
  })
}

function broadcastsTo (scene: Scene, name: string): unknown[] {
  return scene.worker(name).sent.filter(({ type }) => type === 'broadcast')
}

await t.test('a broadcast reaches all other workers that serve or drain, of any release', async (t) => {
  const scene = superviseRunning({ WORKERS: '3' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  const broadcast = { topic: 'note', data: { text: 'hello' } }

  scene.worker('2/1').says({ type: 'broadcast', broadcast })

  t.strictSame(scene.table(), ['0/1 draining', '0/2 ready', '1/1 ready', '1/2 starting', '2/1 ready'])
  for (const name of ['0/1', '0/2', '1/1']) t.strictSame(broadcastsTo(scene, name), [{ type: 'broadcast', broadcast }], name)
  for (const name of ['1/2', '2/1']) t.strictSame(broadcastsTo(scene, name), [], name)
})

await t.test('messages without the expected fields are ignored; another release may define them differently', async (t) => {
  const scene = superviseRunning({ MAX_WORKER_REQUESTS: '10' })
  const nonsense = [undefined, null, 7, 'text', {}, []]
  const messages = [
    ...nonsense.flatMap((value) => [
      { type: 'heartbeat', load: value }, { type: 'broadcast', broadcast: value }, { type: 'draining', progress: value }, { type: 'failed', error: value }
    ]),
    { type: 'heartbeat', load: { rss: 1 } }, { type: 'heartbeat', load: { rss: '1', served: '100' } },
    { type: 'broadcast', broadcast: { topic: 7 } }, { type: 'draining', progress: { requests: 1 } },
    { type: 'constructor' }, { type: 'toString' }, { type: null }, { type: 7 }, { type: {} }
  ]

  for (const baton of messages) scene.worker('0/1').receives({ baton })

  t.strictSame(scene.lines, [])
  t.strictSame(broadcastsTo(scene, '1/1'), [])
  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready'])
})

await t.test('a draining worker with an invalid progress report is logged with an unknown number of requests', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  scene.worker('0/1').receives({ baton: { type: 'draining', progress: null } })

  scene.worker('0/1').exits(1)

  t.match(scene.line('worker:exited'), { text: 'worker exited with code 1 while draining, with an unknown number of requests' })
})
