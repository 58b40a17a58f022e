import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the compiled program, from this file and from the bundle that it is part of alike. */
const PROGRAM = fileURLToPath(new URL('..', import.meta.url))

const POSITION = /(?:file:\/\/)?(\/[^\s()]*\.js):(\d+):(\d+)/g

/** By file; undefined for one without a map. Read when it is first needed, which is after an error. */
const maps = new Map<string, SourceMap | undefined>()

/**
 * Replaces positions in Baton's bundle and compiled files by those in the sources and packages that they were made of.
 *
 * Not by Node's `--enable-source-maps`: it would read the maps of the application and all its packages at the start.
 *
 * @param folder of the files whose positions are replaced
 * @returns the stack; positions that no map knows stay as they are
 */
export function readableStack (stack: string, folder = PROGRAM): string {
  return stack.replace(POSITION, (position, file: string, line: string, column: string) => {
    if (!file.startsWith(folder)) return position
    const entry = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1)
    if (entry === undefined || !('originalSource' in entry)) return position
    const { originalSource, originalLine, originalColumn } = entry
    return `${resolve(dirname(file), originalSource)}:${originalLine + 1}:${originalColumn + 1}`
  })
}

function mapOf (file: string): SourceMap | undefined {
  if (!maps.has(file)) maps.set(file, readMap(`${file}.map`))
  return maps.get(file)
}

function readMap (path: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    // There is none, or the folder of the release has been removed.
    return undefined
  }
}
