import { lstatSync, mkdirSync } from 'node:fs'
import module from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

type Enable = (directory: string) => unknown

/**
 * Has this process read what V8 made of its modules when an earlier one loaded them, and write it when it
 * exits: a quarter of the CPU time of a start is spent on compiling.
 *
 * Whoever could write there could put code into this process, so the folder must be this user's alone; in the
 * directory of everybody's temporary files anybody may have made it. Otherwise, and before Node 22.8, nothing
 * is cached. `NODE_COMPILE_CACHE` names another folder, and `NODE_DISABLE_COMPILE_CACHE=1` turns it off: both
 * are Node's own.
 *
 * @param enable what Node has for it; null when it has nothing
 * @param directory is made when it is not there
 * @returns whether Node was asked for it
 */
export function useCompileCache (
  enable: Enable | null = (module as { readonly enableCompileCache?: Enable }).enableCompileCache ?? null,
  directory = join(tmpdir(), `baton-${process.getuid?.()}`)
): boolean {
  if (enable === null || !isOwn(directory)) return false
  enable(join(directory, 'compile-cache'))
  return true
}

function isOwn (directory: string): boolean {
  try {
    mkdirSync(directory, { mode: 0o700, recursive: true })
    const entry = lstatSync(directory)
    return entry.isDirectory() && entry.uid === process.getuid?.() && (entry.mode & 0o077) === 0
  } catch {
    return false
  }
}
