import type { ClientKind } from '../../src/clients/client-kind.ts'
import { busyKeepAlive } from '../../src/clients/kinds/busy-keep-alive.ts'
import { earlyAnswers } from '../../src/clients/kinds/early-answers.ts'
import { eventStreams } from '../../src/clients/kinds/event-streams.ts'
import { expectContinue } from '../../src/clients/kinds/expect-continue.ts'
import { fetches } from '../../src/clients/kinds/fetches.ts'
import { freshConnections } from '../../src/clients/kinds/fresh-connections.ts'
import { nodeAgent } from '../../src/clients/kinds/node-agent.ts'
import { openArrivals } from '../../src/clients/kinds/open-arrivals.ts'
import { openedInAdvance } from '../../src/clients/kinds/opened-in-advance.ts'
import { pausedKeepAlive } from '../../src/clients/kinds/paused-keep-alive.ts'
import { pipelined } from '../../src/clients/kinds/pipelined.ts'
import { hintHonoured, hintIgnored, rawKeepAliveBusy, rawKeepAlivePaused } from '../../src/clients/kinds/raw-keep-alive.ts'
import { slowRequests } from '../../src/clients/kinds/slow-requests.ts'
import { streams } from '../../src/clients/kinds/streams.ts'
import { uploads } from '../../src/clients/kinds/uploads.ts'

/**
 * Each of these words the reason of a failure in its own way; `batch` and `early` are raw, with several requests or
 * half of one in progress.
 */
export type Wording = 'raw' | 'batch' | 'early' | 'undici' | 'node' | 'fetch'

export interface Client {
  readonly create: (count: number) => ClientKind
  readonly wording: Wording
  /** For a kind that must not have the shortest pauses. */
  readonly random?: () => number
}

/** All kinds of clients that speak HTTP/1.1. */
export const CLIENTS: readonly Client[] = [
  { create: busyKeepAlive, wording: 'undici' },
  { create: pausedKeepAlive, wording: 'undici' },
  { create: slowRequests, wording: 'undici' },
  { create: nodeAgent, wording: 'node' },
  { create: fetches, wording: 'fetch' },
  { create: rawKeepAliveBusy, wording: 'raw' },
  { create: rawKeepAlivePaused, wording: 'raw' },
  { create: hintIgnored, wording: 'raw' },
  { create: hintHonoured, wording: 'raw' },
  { create: freshConnections, wording: 'raw' },
  { create: openedInAdvance, wording: 'raw' },
  { create: pipelined, wording: 'batch' },
  { create: uploads, wording: 'raw' },
  { create: expectContinue, wording: 'raw' },
  { create: earlyAnswers, wording: 'early' },
  { create: streams, wording: 'raw' },
  { create: eventStreams, wording: 'raw' },
  { create: () => openArrivals(10), wording: 'raw', random: () => 0.5 }
]

/** How many requests the pipelined kind sends at once. */
export const BATCH_SIZE = 4
