import t from 'tap'

import { findCause, type Death } from '../../src/chaos/cause.ts'
import type { ConnectionTrace } from '../../src/clients/connection-trace.ts'

/** Killed at 10,000; its exit was read at 10,100. */
const KILLED: Death = {
  cause: 'was killed by the monkey', pid: 11, slot: 0, generation: 1, release: 'good-1', bornAt: 1000, hungAt: undefined, from: 10_000, until: 11_100
}
const HUNG: Death = {
  cause: 'hung and was killed', pid: 22, slot: 1, generation: 2, release: 'hangs-when-ready', bornAt: 4000, hungAt: 5000, from: 24_000, until: 26_000
}

interface Row {
  readonly title: string
  readonly reason?: string
  readonly endedAt: number
  readonly connection?: Partial<ConnectionTrace>
  readonly cause?: Death
}

const ROWS: readonly Row[] = [
  { title: 'on a connection that the killed worker served last, closed when it died', endedAt: 10_010, connection: { worker: '0/1/11', closedAt: 10_010 }, cause: KILLED },
  { title: 'on such a connection, but noticed only with the next request', endedAt: 15_000, connection: { worker: '0/1/11', closedAt: 10_010 }, cause: KILLED },
  { title: 'on a connection that another worker served last, at the same moment', endedAt: 10_010, connection: { worker: '1/1/12', closedAt: 10_010 } },
  { title: 'on a connection of the killed worker that was closed before the kill', endedAt: 9990, connection: { worker: '0/1/11', closedAt: 9990 } },
  { title: 'on a connection of the killed worker that was closed long after the kill', endedAt: 12_000, connection: { worker: '0/1/11', closedAt: 12_000 } },
  { title: 'on a connection that no worker had answered, closed when the worker died', endedAt: 10_010, connection: { closedAt: 10_010 }, cause: KILLED },
  { title: 'on a connection that no worker had answered, closed before the kill', endedAt: 9000, connection: { closedAt: 9000 } },
  { title: 'on a connection that no worker had answered, closed when no worker died', endedAt: 14_000, connection: { closedAt: 14_000 } },
  { title: 'out of time on a connection that was handed to the dying worker', reason: 'timeout', endedAt: 34_000, connection: { openedAt: 9999, closedAt: 34_000 }, cause: KILLED },
  { title: 'out of time on a connection that was opened before the worker was started', reason: 'timeout', endedAt: 34_000, connection: { openedAt: 900, closedAt: 34_000 } },
  { title: 'out of time on a connection that was opened after the deaths', reason: 'timeout', endedAt: 60_000, connection: { openedAt: 30_000, closedAt: 60_000 } },
  { title: 'out of time before any worker died', reason: 'timeout', endedAt: 4500, connection: { openedAt: 2000, closedAt: 4500 } },
  { title: 'out of time on a worker that hung and was not killed yet', reason: 'timeout', endedAt: 20_000, connection: { openedAt: 15_000, worker: '1/2/22', closedAt: 20_000 }, cause: HUNG },
  { title: 'closed without an answer by a worker that hung, when it was killed', endedAt: 25_000, connection: { worker: '1/2/22', closedAt: 25_000 }, cause: HUNG },
  { title: 'reset by a killed worker', reason: 'ECONNRESET', endedAt: 10_010, connection: { worker: '0/1/11', closedAt: 10_010 }, cause: KILLED },
  { title: 'cut by a killed worker, as undici reports it', reason: 'UND_ERR_SOCKET other side closed', endedAt: 10_010, connection: { worker: '0/1/11' }, cause: KILLED },
  { title: 'with a wrong status from the killed worker', reason: 'status 503', endedAt: 10_010, connection: { worker: '0/1/11', closedAt: 10_010 } },
  { title: 'with unexpected bytes', reason: 'unexpected bytes', endedAt: 10_010, connection: { worker: '0/1/11', closedAt: 10_010 } },
  { title: 'pipelined behind an answer that closed', reason: 'closed by an earlier answer', endedAt: 10_010, connection: { worker: '0/1/11', closedAt: 10_010 } },
  { title: 'because the connection was refused', reason: 'ECONNREFUSED', endedAt: 10_010 }
]

for (const { title, reason = 'closed without an answer', endedAt, connection, cause } of ROWS) {
  await t.test(`a request that failed ${title} is ${cause === undefined ? 'a failure' : 'lost with its worker'}`, async (t) => {
    const trace = connection === undefined ? undefined : { openedAt: 8000, localPort: 4711, ...connection }

    t.equal(findCause({ reason, endedAt, connection: trace }, [KILLED, HUNG]), cause)
  })
}
