import type { WorkerState, WorkerView } from '../../../src/primary/workers/worker-handle.ts'

/** @param text such as `0/1 ready`, `1/2 ready stale` or `0/1 starting until 1500` */
export function view (text: string, id = 1): WorkerView {
  const [place, state, ...rest] = text.split(' ') as [string, WorkerState, ...string[]]
  const [slot, generation] = place.split('/').map(Number) as [number, number]
  const deadline = rest.at(-2) === 'until' ? Number(rest.at(-1)) : Infinity
  return { id, slot, generation, state, isStale: rest.includes('stale'), deadline }
}
