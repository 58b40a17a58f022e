import { isFree } from './free-port.ts'

/** Below the range from which the kernel takes ports for connections, any of which would be in the way. */
const FIRST = 10_000
/** Ports for each process; tests that run at the same time have process numbers that are close together. */
const SHARE = 20
const PROCESSES = 250

let next = 0

/** @returns the first of so many ports in a row of 127.0.0.1 that no process listened on a moment ago, and no other test takes */
export async function findFreePorts (count: number): Promise<number> {
  for (let tries = 0; tries < SHARE; tries++) {
    if (next + count > SHARE) next = 0
    const base = FIRST + (process.pid % PROCESSES) * SHARE + next
    next += count
    const ports = Array.from({ length: count }, (_, index) => base + index)
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return base
  }
  throw new Error(`no ${count} ports in a row are free`)
}
