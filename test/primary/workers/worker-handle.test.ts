import t from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { describeExit, identify, WorkerHandle, type WorkerState } from '../../../src/primary/workers/worker-handle.ts'

const generation = {
  number: 4, config: readConfig({ START_TIMEOUT_MS: '500' }, () => 2), variables: {}, environment: {}, program: '/worker.js', application: null, directory: '/'
}

const LIMITS = { timeout: 100 }

/** How to take a worker to each state. */
const MOVES: Readonly<Record<WorkerState, (worker: WorkerHandle, now: number) => void>> = {
  starting: () => { throw new Error('a worker cannot go from ready to starting') },
  ready: (worker, now) => {
    worker.listens(now)
    worker.reportReady(now)
  },
  hung: (worker, now) => { worker.hang(now + 100) },
  draining: (worker, now) => { worker.drain(now, LIMITS) },
  exited: (worker) => { worker.exit() }
}

/** A worker in this state, reached by legal moves. */
function workerIn (state: WorkerState): WorkerHandle {
  const worker = new WorkerHandle(7, 1, generation, 1000)
  const way: Record<WorkerState, readonly WorkerState[]> = {
    starting: [], ready: ['ready'], hung: ['ready', 'hung'], draining: ['draining'], exited: ['exited']
  }
  for (const step of way[state]) MOVES[step](worker, 1200)
  return worker
}

await t.test('a worker starts with the deadline of its generation', async (t) => {
  const worker = workerIn('starting')

  t.match(worker, { id: 7, slot: 1, generation: 4, state: 'starting', isStale: false, forkedAt: 1000, deadline: 1500 })
})

const STATES: readonly WorkerState[] = ['starting', 'ready', 'hung', 'draining', 'exited']
const LEGAL = [
  'starting ready', 'starting draining', 'starting exited', 'ready hung', 'ready draining', 'ready exited', 'hung exited', 'draining exited'
]

for (const from of STATES) {
  for (const to of STATES.filter((state) => state !== 'starting')) {
    const isLegal = LEGAL.includes(`${from} ${to}`)
    await t.test(`a worker ${isLegal ? 'may' : 'cannot'} go from ${from} to ${to}`, async (t) => {
      const worker = workerIn(from)

      const move = (): void => { MOVES[to](worker, 1300) }

      // A late report is no defect: it is ignored.
      if (isLegal || to === 'ready') t.doesNotThrow(move)
      else t.throws(move, { message: `a worker cannot go from ${from} to ${to}` })
      t.equal(worker.state, isLegal ? to : from)
    })
  }
}

await t.test('marking a worker stale does not change its state, and counts once', async (t) => {
  const worker = workerIn('ready')

  t.strictSame([worker.markStale(), worker.markStale(), workerIn('starting').markStale()], [true, false, false])
  t.match(worker, { state: 'ready', isStale: true })
})

await t.test('only the first error and the first crash of a worker count', async (t) => {
  const worker = workerIn('ready')

  worker.fail({ message: 'one' })
  worker.fail({ message: 'two' })

  t.strictSame(worker.failure, { message: 'one' })
  t.strictSame([worker.noteCrash(), worker.noteCrash()], [true, false])
})

await t.test('a worker records when its state changed', async (t) => {
  const worker = workerIn('starting')

  MOVES.ready(worker, 1100)
  MOVES.draining(worker, 1200)

  t.match(worker, { forkedAt: 1000, readyAt: 1100, drainingAt: 1200 })
})

await t.test('a worker is ready when it listens and has reported so, and then has a heartbeat deadline', async (t) => {
  const worker = workerIn('starting')

  const isReadyBy = [worker.listens(1100), worker.reportReady(1200), worker.listens(1300), worker.reportReady(1400)]

  t.strictSame(isReadyBy, [false, true, false, false])
  t.match(worker, { state: 'ready', readyAt: 1200, deadline: 31_200 })
})

await t.test('a worker may report that it is ready before it is known to listen', async (t) => {
  const worker = workerIn('starting')

  const isReadyBy = [worker.reportReady(1100), worker.listens(1200)]

  t.strictSame(isReadyBy, [false, true])
  t.match(worker, { state: 'ready', readyAt: 1200 })
})

await t.test('a worker that failed does not become ready', async (t) => {
  const worker = workerIn('starting')
  worker.fail({ message: 'it threw' })

  const isReadyBy = [worker.listens(1100), worker.reportReady(1200)]

  t.strictSame(isReadyBy, [false, false])
  t.equal(worker.state, 'starting')
})

await t.test('a draining worker does not become ready', async (t) => {
  const worker = workerIn('draining')

  const isReadyBy = [worker.listens(1300), worker.reportReady(1400)]

  t.strictSame(isReadyBy, [false, false])
  t.equal(worker.state, 'draining')
})

await t.test('a worker is identified by slot, generation and pid', async (t) => {
  const worker = workerIn('starting')
  const withoutProcess = identify(worker)
  worker.attach({ pid: 123, send: () => {}, disconnect: () => {}, kill: () => {}, readStack: async () => undefined })

  t.strictSame(withoutProcess, { slot: 1, generation: 4, pid: undefined })
  t.strictSame(identify(worker), { slot: 1, generation: 4, pid: 123 })
})

await t.test('an exit is described by its signal, its code, or neither', async (t) => {
  t.equal(describeExit(null, 'SIGSEGV'), 'was killed by SIGSEGV')
  t.equal(describeExit(7, null), 'exited with code 7')
  t.equal(describeExit(0, null), 'exited on its own')
  t.equal(describeExit(0, null, true), 'disconnected and exited on its own')
  t.equal(describeExit(1, null, true), 'exited with code 1')
})
