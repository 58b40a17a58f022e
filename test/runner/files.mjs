import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Compiled sources and tests, caches, and what V8 counts: all that may be deleted at any time. */
export const BUILD = join(ROOT, 'build')

/** What a test costs is told by its folder. Those of scripts/ are run by that workspace. */
const LAYERS = { integration: 'test/integration', load: 'test/load' }

/** @returns the paths of the TypeScript files in a folder, from the root */
export function sourcesIn (folder) {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
    .sort()
}

/** @returns the layer of a test file */
export function layerOf (file) {
  return Object.keys(LAYERS).find((layer) => file.startsWith(`${LAYERS[layer]}/`)) ?? 'unit'
}

/**
 * Finds test files: of a layer, in a folder, or one that is named.
 *
 * @throws when a name stands for no test
 */
export function findTests (names) {
  const tests = sourcesIn('test').filter((file) => file.endsWith('.test.ts'))
  const found = names.map((name) => {
    const path = relative(ROOT, resolve(name))
    const matching = tests.filter((file) => layerOf(file) === name || file === path || file.startsWith(`${path}/`))
    if (matching.length === 0) throw new Error(`${name} is not a layer, a test file or a folder with tests`)
    return matching
  })
  return [...new Set(found.flat())]
}

/** Unit tests that wait or search for long, in seconds; the others take about half a second. */
const SLOW = {
  'test/worker/drain/secure-drain.test.ts': 25,
  'test/worker/plugins/pressure.test.ts': 13,
  'test/primary/supervisor/walk.test.ts': 12,
  'test/primary/control/control.test.ts': 7,
  'test/worker/drain/http2-drain.test.ts': 7,
  'test/worker/drain/drainable-server.test.ts': 6
}

/** @returns the unit tests in as many groups as asked for, which take about as long as each other */
export function evenGroups (files, count) {
  const groups = Array.from({ length: count }, () => ({ files: [], seconds: 0 }))
  const secondsOf = (file) => SLOW[file] ?? 0.5
  for (const file of files.toSorted((one, other) => secondsOf(other) - secondsOf(one))) {
    const [shortest] = groups.toSorted((one, other) => one.seconds - other.seconds)
    shortest.files.push(file)
    shortest.seconds += secondsOf(file)
  }
  return groups.map(({ files }) => files).filter((files) => files.length > 0)
}

/** The longest files first, as they tend to take the longest: the last tests to end are then short ones. */
export function longestFirst (files) {
  const sizes = new Map(files.map((file) => [file, statSync(join(ROOT, file)).size]))
  return files.toSorted((one, other) => sizes.get(other) - sizes.get(one))
}

/** @returns whether a source file holds more than types: those leave nothing that could run */
export function hasCode (source) {
  const compiled = join(BUILD, source.replace(/\.ts$/, '.js'))
  if (!existsSync(compiled)) return true
  return readFileSync(compiled, 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '').replace('export {};', '').trim() !== ''
}
