import type { ConnectionTrace } from '../clients/connection-trace.ts'

/** The end of a worker that took its connections with it. Times are of `performance.now()`. */
export interface Death {
  readonly cause: 'was killed by the monkey' | 'hung and was killed' | 'exited on its own'
  readonly pid: number
  readonly slot: number
  readonly generation: number
  readonly release: string
  /** A connection that ended earlier cannot have been the worker's. */
  readonly bornAt: number
  /** Since when it may have answered no request although it was alive; undefined unless it hung. */
  readonly hungAt: number | undefined
  /** Its connections ended between these two. */
  readonly from: number
  readonly until: number
}

export interface FailureToJudge {
  readonly reason: string
  readonly endedAt: number
  readonly connection: ConnectionTrace | undefined
}

/** How a request fails when its connection ends. No death causes a wrong answer or a refused connection. */
const CONNECTION_ENDED = /^(?:closed without an answer|closed before the first request|cut answer|timeout|ECONNRESET|EPIPE|UND_ERR_SOCKET .*|HPE_INVALID_EOF_STATE .*)$/
const TIMEOUT = 'timeout'

/**
 * Finds out whether a request failed because its worker died: on a connection which that worker served last, or which
 * no worker had answered yet when it died.
 *
 * @returns the death that caused the failure; undefined when the service is to blame
 */
export function findCause ({ reason, endedAt, connection }: FailureToJudge, deaths: readonly Death[]): Death | undefined {
  if (connection === undefined || !CONNECTION_ENDED.test(reason)) return undefined
  const { openedAt, worker, closedAt } = connection
  // Node never closes a connection that was handed to a worker which died before it took it.
  const isInTime = ({ from, until, hungAt }: Death): boolean => reason === TIMEOUT
    ? endedAt >= (hungAt ?? from)
    : (closedAt ?? endedAt) >= from && (closedAt ?? endedAt) <= until
  if (worker !== undefined) {
    const pid = Number(worker.split('/')[2])
    return deaths.find((death) => death.pid === pid && isInTime(death))
  }
  return deaths.find((death) => openedAt >= death.bornAt && openedAt <= death.until && isInTime(death))
}
