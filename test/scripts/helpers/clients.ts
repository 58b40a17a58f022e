import type { ClientKind } from '../../../scripts/load/client-kind.ts'
import { busyKeepAlive } from '../../../scripts/load/kinds/busy-keep-alive.ts'
import { freshConnections } from '../../../scripts/load/kinds/fresh-connections.ts'
import { openedInAdvance } from '../../../scripts/load/kinds/opened-in-advance.ts'
import { pausedKeepAlive } from '../../../scripts/load/kinds/paused-keep-alive.ts'
import { pipelined } from '../../../scripts/load/kinds/pipelined.ts'
import { rawKeepAliveBusy, rawKeepAlivePaused } from '../../../scripts/load/kinds/raw-keep-alive.ts'
import { slowRequests } from '../../../scripts/load/kinds/slow-requests.ts'
import { streams } from '../../../scripts/load/kinds/streams.ts'
import { uploads } from '../../../scripts/load/kinds/uploads.ts'

export interface Client {
  readonly create: (count: number) => ClientKind
  readonly isUndici: boolean
}

export const CLIENTS: readonly Client[] = [
  { create: busyKeepAlive, isUndici: true },
  { create: pausedKeepAlive, isUndici: true },
  { create: slowRequests, isUndici: true },
  { create: rawKeepAliveBusy, isUndici: false },
  { create: rawKeepAlivePaused, isUndici: false },
  { create: freshConnections, isUndici: false },
  { create: openedInAdvance, isUndici: false },
  { create: pipelined, isUndici: false },
  { create: uploads, isUndici: false },
  { create: streams, isUndici: false }
]

/** How many requests make a batch, for the kind that sends batches. */
export const BATCH = 4
