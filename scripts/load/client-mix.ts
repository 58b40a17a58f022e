import type { ClientKind } from './client-kind.ts'
import { busyKeepAlive } from './kinds/busy-keep-alive.ts'
import { freshConnections } from './kinds/fresh-connections.ts'
import { openedInAdvance } from './kinds/opened-in-advance.ts'
import { pausedKeepAlive } from './kinds/paused-keep-alive.ts'
import { pipelined } from './kinds/pipelined.ts'
import { rawKeepAliveBusy, rawKeepAlivePaused } from './kinds/raw-keep-alive.ts'
import { slowRequests } from './kinds/slow-requests.ts'
import { streams } from './kinds/streams.ts'
import { uploads } from './kinds/uploads.ts'

/** Each kind and its share in a hundred clients. */
const MIX: ReadonlyArray<readonly [create: (count: number) => ClientKind, share: number]> = [
  [busyKeepAlive, 12],
  [pausedKeepAlive, 14],
  [rawKeepAliveBusy, 6],
  [rawKeepAlivePaused, 14],
  [freshConnections, 6],
  [openedInAdvance, 16],
  [pipelined, 4],
  [slowRequests, 12],
  [uploads, 8],
  [streams, 8]
]

/** So many clients let each kind have its share; with fewer, it still has one client. */
export const DEFAULT_CONNECTIONS = 100

/** @returns all kinds of clients, about so many clients together, and at least one of each kind */
export function createClientMix (connections: number): ClientKind[] {
  return MIX.map(([create, share]) => create(Math.max(1, Math.round(connections * share / 100))))
}
