import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { unloadedFiles, type Starts } from './helpers/loaded-files.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Programs and modules that are found by a path. They count while a test loads the file that starts them. */
const STARTS: Starts = {
  // Runs dist/main.js.
  'test/helpers/program.ts': ['src/main.ts'],
  // Forks the program beside the main program.
  'src/primary/workers/cluster-host.ts': ['src/worker/index.ts'],
  // Forks the program beside those of the workers.
  'src/primary/release/check.ts': ['src/worker/check.ts'],
  // Imports the built-in application when there is no other.
  'src/worker/application.ts': ['src/app/index.ts']
}

await t.test('a test loads each file of src, so that none is missing from the coverage report', async (t) => {
  t.strictSame(unloadedFiles(ROOT, STARTS), [])
})

await t.test('what is started by path is there', async (t) => {
  const files = Object.entries(STARTS).flatMap(([starter, started]) => [starter, ...started])

  t.strictSame(files.filter((file) => !existsSync(join(ROOT, file))), [])
})

await t.test('without the tests on real processes their programs would be missing', async (t) => {
  const starts = { ...STARTS, 'test/helpers/program.ts': [] }

  t.ok(unloadedFiles(ROOT, starts).includes('src/main.ts'))
})

type Files = Readonly<Record<string, string>>

interface Row {
  readonly tests?: Files
  readonly sources?: Files
  readonly starts?: Starts
  readonly missing: readonly string[]
}

const ROWS: Readonly<Record<string, Row>> = {
  'that no file mentions': { missing: ['src/it.ts'] },
  'that a test imports': { tests: { 'a.test.ts': "import { it } from '../src/it.ts'" }, missing: [] },
  'that a test imports for what it does': { tests: { 'a.test.ts': "import '../src/it.ts'" }, missing: [] },
  'that a test imports when it runs': { tests: { 'a.test.ts': "const { it } = await import('../src/it.ts')" }, missing: [] },
  'that a test hands on': { tests: { 'a.test.ts': "export * from '../src/it.ts'" }, missing: [] },
  'that a helper of a test imports': {
    tests: { 'a.test.ts': "import './helper.ts'", 'helper.ts': "import { it } from '../src/it.ts'" }, missing: []
  },
  'that a helper without a test imports': { tests: { 'a.test.ts': '', 'helper.ts': "import { it } from '../src/it.ts'" }, missing: ['src/it.ts'] },
  'that a loaded file imports': {
    tests: { 'a.test.ts': "import '../src/user.ts'" }, sources: { 'user.ts': "import { it } from './it.ts'" }, missing: []
  },
  'that only a file imports which is not loaded itself': {
    tests: { 'a.test.ts': '' }, sources: { 'user.ts': "import { it } from './it.ts'" }, missing: ['src/it.ts', 'src/user.ts']
  },
  'in a circle of imports that is not loaded': {
    sources: { 'it.ts': "import './user.ts'", 'user.ts': "import './it.ts'" }, missing: ['src/it.ts', 'src/user.ts']
  },
  'in a circle of imports that is loaded': {
    tests: { 'a.test.ts': "import '../src/it.ts'" }, sources: { 'it.ts': "import './user.ts'", 'user.ts': "import './it.ts'" }, missing: []
  },
  'of which a test imports only types': { tests: { 'a.test.ts': "import type { It } from '../src/it.ts'" }, missing: ['src/it.ts'] },
  'of which a test hands on only types': { tests: { 'a.test.ts': "export type { It } from '../src/it.ts'" }, missing: ['src/it.ts'] },
  'whose type a test writes as an import': { tests: { 'a.test.ts': "let it: import('../src/it.ts').It" }, missing: ['src/it.ts'] },
  'of which a test imports a type and a value': { tests: { 'a.test.ts': "import { type It, it } from '../src/it.ts'" }, missing: [] },
  'that a comment imports': { tests: { 'a.test.ts': "// import '../src/it.ts'\n/* import '../src/it.ts' */" }, missing: ['src/it.ts'] },
  'that a text imports': { tests: { 'a.test.ts': 'const text = "import \'../src/it.ts\'"' }, missing: ['src/it.ts'] },
  'that a template imports': { tests: { 'a.test.ts': 'const text = `import "../src/it.ts"`' }, missing: ['src/it.ts'] },
  'that has the name of another': { tests: { 'a.test.ts': "import './it.ts'", 'it.ts': 'export const it = 1' }, missing: ['src/it.ts'] },
  'that has the name of a package': { tests: { 'a.test.ts': "import 'src/it.ts'" }, missing: ['src/it.ts'] },
  'that a loaded file starts': { tests: { 'a.test.ts': '' }, starts: { 'test/a.test.ts': ['src/it.ts'] }, missing: [] },
  'that an unloaded file starts': { tests: { 'a.test.ts': '', 'helper.ts': '' }, starts: { 'test/helper.ts': ['src/it.ts'] }, missing: ['src/it.ts'] },
  'that is nothing but types': { sources: { 'it.ts': '/** It. */\nexport interface It {}\nexport type They = It[]' }, missing: [] },
  'that is not TypeScript': { sources: { 'it.ts': '', 'it.js': 'export const it = 1' }, missing: ['src/it.js'] },
  'in a folder': { tests: { 'a.test.ts': "import '../src/it.ts'" }, sources: { 'deep/it.ts': 'it()' }, missing: ['src/deep/it.ts'] },
  'that a test in a folder imports': { tests: { 'deep/a.test.ts': "import '../../src/it.ts'" }, missing: [] }
}

for (const [title, { tests = {}, sources = {}, starts, missing }] of Object.entries(ROWS)) {
  await t.test(`a source file ${title} ${missing.length > 0 ? 'is missed' : 'is not missed'}`, async (t) => {
    const files = { src: { 'it.ts': 'export interface It {}\nexport const it = 1', ...sources }, test: tests }
    const root = t.testdir(nest(files))

    t.strictSame(unloadedFiles(root, starts).sort(), missing)
  })
}

/** @returns the folders of `t.testdir()` for names of at most one folder */
function nest (folders: Readonly<Record<string, Files>>): Record<string, Record<string, string | Files>> {
  return Object.fromEntries(Object.entries(folders).map(([folder, files]) =>
    [folder, Object.fromEntries(Object.entries(files).map(([name, text]) => {
      const [first = '', second] = name.split('/')
      return second === undefined ? [first, text] : [first, { [second]: text }]
    }))]))
}
