import { pathTo } from '../../src/workspace.ts'

/** @returns the path of a file in test/fixtures, which are not compiled */
export function fixture (file: string): string {
  return pathTo(`test/fixtures/${file}`)
}

/** @returns the path of a program that is named for what it does wrong */
export function program (name: string): string {
  return fixture(`${name}.mjs`)
}

/** @returns whether a process is there, a zombie included */
export function isAlive (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
