import type { ConnectionTrace } from '../load/connection-trace.ts'

/** The end of a worker that took its connections with it. Times are of `performance.now()`. */
export interface Death {
  readonly cause: 'killed by the hand' | 'hung, and was killed' | 'exited on its own'
  readonly pid: number
  readonly slot: number
  readonly generation: number
  readonly release: string
  /** No connection that ended before can have been its. */
  readonly bornAt: number
  /** From when on it may have answered nobody, although it was not dead yet. */
  readonly hungAt: number | undefined
  /** Between these its connections ended. */
  readonly from: number
  readonly until: number
}

export interface FailureToJudge {
  readonly reason: string
  readonly endedAt: number
  readonly connection: ConnectionTrace | undefined
}

/** What becomes of a request when its connection ends. A wrong answer, or a refused connection, is nobody's death. */
const ENDED = /^(?:closed without an answer|closed before the first request|cut answer|timeout|ECONNRESET|EPIPE|UND_ERR_SOCKET .*|HPE_INVALID_EOF_STATE .*)$/
const TIMEOUT = 'timeout'

/**
 * Judges a failed request: it may fail on a connection that a worker served last whose end the service is not to
 * blame for, or that nobody had ever answered when such a worker ended.
 *
 * @returns the death that excuses it; undefined when none does
 */
export function findExcuse ({ reason, endedAt, connection }: FailureToJudge, deaths: readonly Death[]): Death | undefined {
  if (connection === undefined || !ENDED.test(reason)) return undefined
  const { openedAt, worker, closedAt } = connection
  // Node never closes a connection that was handed to a worker which died before taking it.
  const isFitting = ({ from, until, hungAt }: Death): boolean => reason === TIMEOUT
    ? endedAt >= (hungAt ?? from)
    : (closedAt ?? endedAt) >= from && (closedAt ?? endedAt) <= until
  if (worker !== undefined) {
    const pid = Number(worker.split('/')[2])
    return deaths.find((death) => death.pid === pid && isFitting(death))
  }
  return deaths.find((death) => openedAt >= death.bornAt && openedAt <= death.until && isFitting(death))
}
