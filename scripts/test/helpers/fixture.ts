import { fileURLToPath } from 'node:url'

/** @returns the path of a program that is named for what it does */
export function fixture (name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}.mjs`, import.meta.url))
}

/** @returns whether a process is there, a zombie included */
export function isAlive (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
