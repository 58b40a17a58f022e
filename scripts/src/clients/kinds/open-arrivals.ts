import { setTimeout as sleep } from 'node:timers/promises'

import { Arrivals } from '../arrivals.ts'
import type { ClientContext, ClientKind } from '../client-kind.ts'
import { ClientLoop } from '../client-loop.ts'
import { ClientPool } from '../raw/client-pool.ts'
import { KeepAliveClient } from '../raw/keep-alive-client.ts'
import { requestHead } from '../raw/raw-request.ts'
import { readHello } from '../raw/read-answer.ts'
import { RequestFailure } from '../request-failure.ts'

/** More would not be a service's clients, but a lack of ports. */
const MAX_CONNECTIONS = 1000

/**
 * The open model: requests come at a rate of their own, and do not wait for the answers to earlier ones.
 *
 * Each latency counts from when the request should have been made. When the server stands still, all that come
 * meanwhile are late by what was left of it; a closed loop would show one slow request a client, and send no more
 * (coordinated omission). It counts as one client, which opens as many connections as it takes.
 *
 * @param rate requests a second
 * @param options `maxConnections`: beyond so many, requests wait for one that is free; 1000 by default
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
      // Of many connections some are idle for long: one that the server is about to close would fail without any reload.
      const pool = new ClientPool(() => new KeepAliveClient(target, timeout, { honoursHint: true }), maxConnections)
      const arrivals = new Arrivals(rate, performance.now(), random)
      const underWay = new Set<Promise<void>>()
      let requests = 0
      let fault: { readonly error: unknown } | undefined
      while (!signal.aborted && fault === undefined && requests < maxRequests) {
        for (const intendedAt of arrivals.take(performance.now())) {
          requests++
          const request = make(loop, pool, context, intendedAt)
            .catch((error: unknown) => { fault = { error } })
            .finally(() => { underWay.delete(request) })
          underWay.add(request)
        }
        await sleepUntil(arrivals.next, signal)
      }
      await Promise.all(underWay)
      pool.close()
      if (fault !== undefined) throw fault.error
    }
  }
}

/** Rejects only for a fault of this program. */
async function make (loop: ClientLoop, pool: ClientPool, { target, timeout }: ClientContext, intendedAt: number): Promise<void> {
  const client = await pool.take()
  try {
    // When the server answers nobody, the queue must not last longer than those who are served.
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
    // Aborted: the caller looks.
  }
}
