import { rmSync } from 'node:fs'
import t from 'tap'
import { readConfig } from '../../src/config.ts'
import { makeGeneration } from '../../src/primary/generation.ts'
import type { StartPaths } from '../../src/primary/paths.ts'
import { createReleaseFolders, type ReleaseFolders } from './release-folders.ts'

const config = readConfig({})

const inCurrent = ({ current }: ReleaseFolders): StartPaths => ({ directory: current, program: `${current}/dist/main.js` })

await t.test('a generation is what is deployed at that moment, through links', async (t) => {
  const folders = createReleaseFolders(t)
  const { release42 } = folders

  const generation = makeGeneration(1, config, inCurrent(folders), 'app.js')

  t.strictSame(generation, {
    number: 1, config, program: `${release42}/dist/worker/index.js`, application: `${release42}/app.js`, directory: release42
  })
})

await t.test('a link that moves changes the next generation, and none that is made', async (t) => {
  const folders = createReleaseFolders(t)
  const { release42, release43, switchTo } = folders
  const first = makeGeneration(1, config, inCurrent(folders), 'app.js')

  switchTo(release43)
  const second = makeGeneration(2, config, inCurrent(folders), 'app.js')

  t.match(first, { program: `${release42}/dist/worker/index.js`, application: `${release42}/app.js`, directory: release42 })
  t.match(second, { program: `${release43}/dist/worker/index.js`, application: `${release43}/app.js`, directory: release43 })
  t.ok(Object.isFrozen(first))
})

type Application = string | undefined

const APPLICATIONS: Readonly<Record<string, (folders: ReleaseFolders) => readonly [typed: Application, setting: Application, expected: string | null]>> = {
  'neither typed nor set is the built-in one': () => [undefined, undefined, null],
  'that is set is relative to the working directory': ({ release42 }) => [undefined, './app.js', `${release42}/app.js`],
  'that is typed wins': ({ release42 }) => ['app.js', 'other.js', `${release42}/app.js`],
  'with an absolute path stays where it is': ({ release43 }) => [`${release43}/app.js`, undefined, `${release43}/app.js`],
  'with an absolute path through the link is resolved': ({ current, release42 }) => [`${current}/app.js`, undefined, `${release42}/app.js`],
  'above the working directory is found from where the link stands': ({ root }) => ['../releases/../other.js', undefined, `${root}/other.js`],
  'that is missing is for the worker to report': ({ current }) => ['missing.js', undefined, `${current}/missing.js`]
}

for (const [title, row] of Object.entries(APPLICATIONS)) {
  await t.test(`an application ${title}`, async (t) => {
    const folders = createReleaseFolders(t)
    const [typed, application, expected] = row(folders)

    t.equal(makeGeneration(1, { ...config, application }, inCurrent(folders), typed).application, expected)
  })
}

await t.test('a directory that has gone is for the fork to report', async (t) => {
  const folders = createReleaseFolders(t)

  const { directory } = makeGeneration(1, config, { ...inCurrent(folders), directory: `${folders.root}/missing` })

  t.equal(directory, `${folders.root}/missing`)
})

await t.test('without a program for the workers there is no generation', async (t) => {
  const folders = createReleaseFolders(t)
  rmSync(`${folders.release42}/dist/worker/index.js`)

  t.throws(() => makeGeneration(2, config, inCurrent(folders)), { code: 'ENOENT' })
})
