import { findFreePort } from '../../scripts/load/free-port.ts'

/** @returns the first of so many ports in a row of 127.0.0.1 that nobody listened on a moment ago */
export async function findFreePorts (count: number): Promise<number> {
  for (;;) {
    const base = await findFreePort()
    const others = Array.from({ length: count - 1 }, (_, index) => base + 1 + index)
    if ((await Promise.all(others.map(isFree))).every(Boolean)) return base
  }
}

async function isFree (port: number): Promise<boolean> {
  return await findFreePort(port).then(() => true, () => false)
}
