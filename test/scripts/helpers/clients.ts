import type { ClientKind } from '../../../scripts/load/client-kind.ts'
import { busyKeepAlive } from '../../../scripts/load/kinds/busy-keep-alive.ts'
import { earlyAnswers } from '../../../scripts/load/kinds/early-answers.ts'
import { eventStreams } from '../../../scripts/load/kinds/event-streams.ts'
import { expectContinue } from '../../../scripts/load/kinds/expect-continue.ts'
import { fetches } from '../../../scripts/load/kinds/fetches.ts'
import { freshConnections } from '../../../scripts/load/kinds/fresh-connections.ts'
import { nodeAgent } from '../../../scripts/load/kinds/node-agent.ts'
import { openArrivals } from '../../../scripts/load/kinds/open-arrivals.ts'
import { openedInAdvance } from '../../../scripts/load/kinds/opened-in-advance.ts'
import { pausedKeepAlive } from '../../../scripts/load/kinds/paused-keep-alive.ts'
import { pipelined } from '../../../scripts/load/kinds/pipelined.ts'
import { hintHonoured, hintIgnored, rawKeepAliveBusy, rawKeepAlivePaused } from '../../../scripts/load/kinds/raw-keep-alive.ts'
import { slowRequests } from '../../../scripts/load/kinds/slow-requests.ts'
import { streams } from '../../../scripts/load/kinds/streams.ts'
import { uploads } from '../../../scripts/load/kinds/uploads.ts'

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
