import { setTimeout as sleep } from 'node:timers/promises'

import { Arrivals } from '../arrivals.ts'
import type { ClientContext } from '../client-context.ts'
import type { ClientKind } from '../client-kind.ts'
import { ClientLoop } from '../client-loop.ts'
import { ClientPool } from '../raw/client-pool.ts'
import { KeepAliveClient } from '../raw/keep-alive-client.ts'
import { requestHead } from '../raw/raw-request.ts'
import { readHello } from '../raw/read-answer.ts'
import { RequestFailure } from '../request-failure.ts'

/** With more, the ports of this machine would run out. */
const MAX_CONNECTIONS = 1000

/**
 * The open model: requests arrive at a fixed mean rate, and do not wait for the answers to earlier ones.
 *
 * Each latency counts from when the request should have been made. When the server stalls, all requests that
 * arrive meanwhile are late by the rest of the stall; a closed loop would show one slow request per client
 * (coordinated omission). It counts as one client, which opens as many connections as it needs.
 *
 * @param rate requests a second
 * @param options `maxConnections`: with more, requests wait for a free connection; 1000 by default
 */
export function openArrivals (rate: number, { maxConnections = MAX_CONNECTIONS } = {}): ClientKind {
  const name = `open model, ${rate.toLocaleString('en')} a second`
  return {
    name,
    count: 1,
    isQuick: true,
    async run (context) {
      const { target, timeout, signal, random, maxRequests } = context
      const loop = new ClientLoop(name, context)
      // Some of many connections are idle for long: a request on one that the server is about to close would fail
      // without a reload.
      const pool = new ClientPool(() => new KeepAliveClient(target, timeout, { honoursHint: true }), maxConnections)
      const arrivals = new Arrivals(rate, performance.now(), random)
      const inProgress = new Set<Promise<void>>()
      let requests = 0
      let bug: { readonly error: unknown } | undefined
      while (!signal.aborted && bug === undefined && requests < maxRequests) {
        for (const intendedAt of arrivals.take(performance.now())) {
          requests++
          const request = makeRequest(loop, pool, context, intendedAt)
            .catch((error: unknown) => { bug = { error } })
            .finally(() => { inProgress.delete(request) })
          inProgress.add(request)
        }
        await sleepUntil(arrivals.next, signal)
      }
      await Promise.all(inProgress)
      pool.close()
      if (bug !== undefined) throw bug.error
    }
  }
}

/** Rejects only for a bug in this program. */
async function makeRequest (loop: ClientLoop, pool: ClientPool, { target, timeout }: ClientContext, intendedAt: number): Promise<void> {
  const client = await pool.take()
  try {
    // When the server does not answer, requests must not wait in the queue longer than elsewhere.
    if (performance.now() - intendedAt > timeout) throw new RequestFailure('timeout before a connection was free')
    const connection = await client.connection()
    connection.request(requestHead(target, 'GET', '/'))
    await readHello(loop, connection, timeout)
    loop.answered(intendedAt)
  } catch (error) {
    loop.failed(error, intendedAt)
  } finally {
    pool.giveBack(client)
  }
}

async function sleepUntil (time: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(Math.max(0, time - performance.now()), undefined, { signal })
  } catch {
    // Aborted: the caller checks the signal.
  }
}
