import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Inside, Inspector } from './inspector.ts'

/** What the primary holds after a number of reloads. */
export interface Sample extends Inside {
  readonly reloads: number
  readonly descriptors: number
  readonly threads: number
  /** How many descriptors there are of each kind: `socket`, `pipe`, `/dev/null`. */
  readonly kinds: Readonly<Record<string, number>>
}

/** Counts that fail a run when they grow; memory is only reported. */
export const COUNTED = ['descriptors', 'threads', 'handles', 'timers'] as const
export const MEMORY = ['heap', 'rss'] as const

const LOOKS_PER_SAMPLE = 5
/** Milliseconds between two looks. */
const LOOK_INTERVAL = 60

/**
 * Counts what a process holds while it serves: the smallest of a few looks, because a connection that is being
 * handed over belongs to the process for a moment, whereas a leak is there each time.
 */
export async function takeSample (pid: number, inspector: Pick<Inspector, 'look'>, reloads: number): Promise<Sample> {
  const looks: Array<Omit<Sample, 'reloads'>> = []
  while (looks.length < LOOKS_PER_SAMPLE) {
    if (looks.length > 0) await sleep(LOOK_INTERVAL)
    const inside = await inspector.look()
    looks.push({ ...inside, ...outside(pid) })
  }
  const least = (name: typeof COUNTED[number] | typeof MEMORY[number]): number => Math.min(...looks.map((look) => look[name]))
  const descriptors = least('descriptors')
  return {
    reloads,
    descriptors,
    kinds: looks.find((look) => look.descriptors === descriptors)?.kinds ?? {},
    threads: least('threads'),
    handles: least('handles'),
    timers: least('timers'),
    heap: least('heap'),
    rss: least('rss')
  }
}

function outside (pid: number): Pick<Sample, 'descriptors' | 'threads' | 'kinds'> {
  const kinds: Record<string, number> = {}
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    const kind = kindOf(`/proc/${pid}/fd/${descriptor}`)
    if (kind !== undefined) kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return {
    kinds,
    descriptors: Object.values(kinds).reduce((sum, count) => sum + count, 0),
    threads: readdirSync(`/proc/${pid}/task`).length
  }
}

/** @returns undefined when the descriptor has been closed meanwhile */
function kindOf (path: string): string | undefined {
  try {
    return readlinkSync(path).replace(/:?\[.*/, '').replace(/^anon_inode:/, '')
  } catch {
    return undefined
  }
}
