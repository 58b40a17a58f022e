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

/** Who says why a request failed, each in words of its own; `batch` and `early` are raw, with more than one request or half of one under way. */
export type Voice = 'raw' | 'batch' | 'early' | 'undici' | 'node' | 'fetch'

export interface Client {
  readonly create: (count: number) => ClientKind
  readonly voice: Voice
  /** Of one that needs another than the shortest pauses. */
  readonly random?: () => number
}

/** All kinds of clients that speak HTTP/1.1. */
export const CLIENTS: readonly Client[] = [
  { create: busyKeepAlive, voice: 'undici' },
  { create: pausedKeepAlive, voice: 'undici' },
  { create: slowRequests, voice: 'undici' },
  { create: nodeAgent, voice: 'node' },
  { create: fetches, voice: 'fetch' },
  { create: rawKeepAliveBusy, voice: 'raw' },
  { create: rawKeepAlivePaused, voice: 'raw' },
  { create: hintIgnored, voice: 'raw' },
  { create: hintHonoured, voice: 'raw' },
  { create: freshConnections, voice: 'raw' },
  { create: openedInAdvance, voice: 'raw' },
  { create: pipelined, voice: 'batch' },
  { create: uploads, voice: 'raw' },
  { create: expectContinue, voice: 'raw' },
  { create: earlyAnswers, voice: 'early' },
  { create: streams, voice: 'raw' },
  { create: eventStreams, voice: 'raw' },
  { create: () => openArrivals(50), voice: 'raw', random: () => 0.5 }
]

/** How many requests make a batch, for the kind that sends batches. */
export const BATCH = 4
