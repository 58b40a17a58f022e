import type { ClientKind } from './client-kind.ts'
import { busyKeepAlive } from './kinds/busy-keep-alive.ts'
import { earlyAnswers } from './kinds/early-answers.ts'
import { eventStreams } from './kinds/event-streams.ts'
import { expectContinue } from './kinds/expect-continue.ts'
import { fetches } from './kinds/fetches.ts'
import { freshConnections } from './kinds/fresh-connections.ts'
import { http2Streams } from './kinds/http2-streams.ts'
import { nodeAgent } from './kinds/node-agent.ts'
import { openArrivals } from './kinds/open-arrivals.ts'
import { openedInAdvance } from './kinds/opened-in-advance.ts'
import { pausedKeepAlive } from './kinds/paused-keep-alive.ts'
import { pipelined } from './kinds/pipelined.ts'
import { hintHonoured, hintIgnored, rawKeepAliveBusy, rawKeepAlivePaused } from './kinds/raw-keep-alive.ts'
import { slowRequests } from './kinds/slow-requests.ts'
import { streams } from './kinds/streams.ts'
import { uploads } from './kinds/uploads.ts'

type Share = readonly [create: (count: number) => ClientKind, share: number]

/** Each kind and its share in a hundred clients. */
const MIX: readonly Share[] = [
  [busyKeepAlive, 8],
  [pausedKeepAlive, 10],
  [nodeAgent, 4],
  [fetches, 4],
  [rawKeepAliveBusy, 5],
  [rawKeepAlivePaused, 9],
  [hintIgnored, 5],
  [hintHonoured, 4],
  [freshConnections, 5],
  [openedInAdvance, 12],
  [pipelined, 4],
  [slowRequests, 8],
  [uploads, 6],
  [expectContinue, 3],
  [earlyAnswers, 3],
  [streams, 6],
  [eventStreams, 4]
]

/** In addition, for a target that speaks it. */
const HTTP2: Share = [http2Streams, 6]

/** With this many clients each kind has its share; with fewer, each still has one client. */
export const DEFAULT_CONNECTIONS = 100

export interface MixOptions {
  /** The target speaks it. */
  readonly hasHttp2?: boolean
  /** Requests a second of the open model; undefined for the closed model. */
  readonly rate?: number | undefined
}

/**
 * The open model replaces the quick kinds, which would take as much as the service can give: then the latencies
 * inside and outside of reloads are all its own.
 *
 * @param connections about how many clients there are in total; there is at least one of each kind
 */
export function createClientMix (connections: number, { hasHttp2 = false, rate }: MixOptions = {}): ClientKind[] {
  const mix = hasHttp2 ? [...MIX, HTTP2] : MIX
  const kinds = mix.map(([create, share]) => create(Math.max(1, Math.round(connections * share / 100))))
  return rate === undefined ? kinds : [openArrivals(rate), ...kinds.filter(({ isQuick }) => !isQuick)]
}
