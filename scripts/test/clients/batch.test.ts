import t from 'tap'

import type { FailedRequest, RequestTimes, WorkerSighting } from '../../src/clients/client-kind.ts'
import { RequestFailure } from '../../src/clients/request-failure.ts'
import { memoryOf, type Batch } from '../../src/clients/threads/batch.ts'
import { BatchPlayer } from '../../src/clients/threads/batch-player.ts'
import { BatchRecorder } from '../../src/clients/threads/batch-recorder.ts'

/** Milliseconds by which the clock of the thread began later than that of who counts. */
const LATER = 1000
const KIND = 'as the thread calls it'
const WORKER = { slot: 0, generation: 1, pid: 10 }

/** Two tasks in a thread whose clock began later, and what who counts is told of them. */
function connect () {
  const batches = new BatchRecorder(performance.timeOrigin - LATER)
  const told: Array<readonly [what: string, ...details: unknown[]]> = []
  const recorderOf = (task: number) => ({
    answered: (request: RequestTimes) => { told.push(['answered', task, request]) },
    failed: (request: FailedRequest) => { told.push(['failed', task, request]) },
    unprocessed: (request: RequestTimes) => { told.push(['unprocessed', task, request]) },
    identified: (sighting: WorkerSighting) => { told.push(['identified', task, sighting]) }
  })
  const player = new BatchPlayer(
    (task) => ({ kind: `task ${task}`, recorder: recorderOf(task) }),
    (change, at) => { told.push(['connection', change, at]) }
  )
  const deliver = () => {
    const batch = batches.take()
    if (batch === undefined) return
    player.play(structuredClone<Batch>(batch, { transfer: memoryOf(batch) }))
  }
  return { batches, told, deliver }
}

await t.test('what clients report in a thread is told elsewhere, in the time of there', async (t) => {
  const { batches, told, deliver } = connect()
  batches.recorderOf(0).answered({ kind: KIND, startedAt: 1, endedAt: 2.5 })
  batches.recorderOf(1).answered({ kind: KIND, startedAt: 3, endedAt: 4 })
  batches.recorderOf(1).unprocessed({ kind: KIND, startedAt: 5, endedAt: 6 })
  batches.connectionChanged(1, 7)
  batches.connectionChanged(-1, 8)

  deliver()

  t.strictSame(told, [
    ['answered', 0, { kind: 'task 0', startedAt: 1001, endedAt: 1002.5 }],
    ['answered', 1, { kind: 'task 1', startedAt: 1003, endedAt: 1004 }],
    ['unprocessed', 1, { kind: 'task 1', startedAt: 1005, endedAt: 1006 }],
    ['connection', 1, 1007],
    ['connection', -1, 1008]
  ])
})

await t.test('a failure arrives with its reason, its bytes and what is known of its connection', async (t) => {
  const { batches, told, deliver } = connect()
  const failure = new RequestFailure('ECONNRESET', 7)
  failure.connection = { openedAt: 1, localPort: 1234, sentAt: 2, worker: '0/1/10', closedAt: 3 }
  batches.recorderOf(0).failed({ kind: KIND, startedAt: 2, endedAt: 3, failure })
  batches.recorderOf(0).failed({ kind: KIND, startedAt: 4, endedAt: 5, failure: new RequestFailure('wrong content') })

  deliver()

  const failures = told.map(([, , request]) => request as FailedRequest)
  t.ok(failures.every(({ failure }) => failure instanceof RequestFailure))
  t.strictSame(failures.map(({ startedAt, endedAt, failure: { reason, bytes, connection } }) => ({ startedAt, endedAt, reason, bytes, connection })), [
    {
      startedAt: 1002,
      endedAt: 1003,
      reason: 'ECONNRESET',
      bytes: 7,
      connection: { openedAt: 1001, localPort: 1234, sentAt: 1002, worker: '0/1/10', closedAt: 1003 }
    },
    { startedAt: 1004, endedAt: 1005, reason: 'wrong content', bytes: 0, connection: undefined }
  ])
})

await t.test('a worker is the same over several batches, and one that says nothing of itself is one too', async (t) => {
  const { batches, told, deliver } = connect()
  batches.recorderOf(0).identified({ worker: { ...WORKER, hello: 'world' } as typeof WORKER, seenAt: 2, openedAt: 1 })
  deliver()
  batches.recorderOf(0).identified({ worker: {}, seenAt: 3, openedAt: undefined })
  batches.recorderOf(0).identified({ worker: { ...WORKER }, seenAt: 4, openedAt: undefined })
  deliver()

  t.strictSame(told, [
    ['identified', 0, { worker: WORKER, seenAt: 1002, openedAt: 1001 }],
    ['identified', 0, { worker: {}, seenAt: 1003, openedAt: undefined }],
    ['identified', 0, { worker: WORKER, seenAt: 1004, openedAt: undefined }]
  ])
})

await t.test('nothing is told twice, and nothing is no batch', async (t) => {
  const { batches, told, deliver } = connect()
  batches.recorderOf(0).answered({ kind: KIND, startedAt: 1, endedAt: 2 })

  deliver()
  deliver()

  t.equal(told.length, 1)
  t.equal(batches.take(), undefined)
})
