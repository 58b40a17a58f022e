import { copyFileSync, rmSync } from 'node:fs'
import t from 'tap'
import { readConfig, type Variables } from '../../../src/config/config.ts'
import { isSameRelease, keepTransport, makeGeneration, type Generation } from '../../../src/primary/release/generation.ts'
import type { StartPaths } from '../../../src/primary/release/paths.ts'
import { pair, pem } from '../../helpers/tls.ts'
import { createReleaseFolders, type ReleaseFolders } from './release-folders.ts'

const NOTHING: Variables = { all: {}, fromFile: {} }

const inCurrent = ({ current }: ReleaseFolders): StartPaths => ({ directory: current, program: `${current}/dist/main.js`, isPinned: false })

await t.test('a generation is what is deployed and configured at that moment, with links resolved', async (t) => {
  const folders = createReleaseFolders(t)
  const { release42 } = folders
  const variables: Variables = { all: { HOME: '/root', STOP_IDLE_MS: '7', TOKEN: 'secret' }, fromFile: { STOP_IDLE_MS: '7', TOKEN: 'secret' } }

  const generation = makeGeneration(1, variables, inCurrent(folders), 'app.js')

  t.strictSame(generation, {
    number: 1,
    config: readConfig(variables.all),
    variables: variables.all,
    environment: variables.fromFile,
    program: `${release42}/dist/worker/index.js`,
    application: `${release42}/app.js`,
    directory: release42
  })
  t.equal(generation.config.stopIdle, 7)
})

await t.test('moving a link changes the next generation, and no existing one', async (t) => {
  const folders = createReleaseFolders(t)
  const { release42, release43, switchTo } = folders
  const first = makeGeneration(1, NOTHING, inCurrent(folders), 'app.js')

  switchTo(release43)
  const second = makeGeneration(2, NOTHING, inCurrent(folders), 'app.js')

  t.match(first, { program: `${release42}/dist/worker/index.js`, application: `${release42}/app.js`, directory: release42 })
  t.match(second, { program: `${release43}/dist/worker/index.js`, application: `${release43}/app.js`, directory: release43 })
  t.ok(Object.isFrozen(first))
  t.notOk(isSameRelease(first, second))
})

type Application = string | undefined

const APPLICATIONS: Readonly<Record<string, (folders: ReleaseFolders) => readonly [typed: Application, setting: Application, expected: string | null]>> = {
  'neither typed nor set is the built-in one': () => [undefined, undefined, null],
  'that is set to nothing is the built-in one': () => [undefined, '', null],
  'that is set is relative to the working directory': ({ release42 }) => [undefined, './app.js', `${release42}/app.js`],
  'that is typed takes precedence': ({ release42 }) => ['app.js', 'other.js', `${release42}/app.js`],
  'with an absolute path stays where it is': ({ release43 }) => [`${release43}/app.js`, undefined, `${release43}/app.js`],
  'with an absolute path through the link is resolved': ({ current, release42 }) => [`${current}/app.js`, undefined, `${release42}/app.js`],
  'above the working directory is relative to the folder of the link': ({ root }) => ['../releases/../other.js', undefined, `${root}/other.js`],
  'that is missing is no error here: the worker reports it': ({ current }) => ['missing.js', undefined, `${current}/missing.js`]
}

for (const [title, row] of Object.entries(APPLICATIONS)) {
  await t.test(`an application ${title}`, async (t) => {
    const folders = createReleaseFolders(t)
    const [typed, setting, expected] = row(folders)

    const { application } = makeGeneration(1, { ...NOTHING, all: { APP: setting } }, inCurrent(folders), typed)

    t.equal(application, expected)
  })
}

await t.test('a missing directory is no error here: the fork reports it', async (t) => {
  const folders = createReleaseFolders(t)

  const { directory } = makeGeneration(1, NOTHING, { ...inCurrent(folders), directory: `${folders.root}/missing` }, undefined)

  t.equal(directory, `${folders.root}/missing`)
})

await t.test('without a program for the workers there is no generation', async (t) => {
  const folders = createReleaseFolders(t)
  rmSync(`${folders.release42}/dist/worker/index.js`)

  t.throws(() => makeGeneration(2, NOTHING, inCurrent(folders), undefined), { code: 'ENOENT' })
})

await t.test('with a wrong setting there is no generation', async (t) => {
  const folders = createReleaseFolders(t)

  t.throws(() => makeGeneration(2, { ...NOTHING, all: { PORT: 'http' } }, inCurrent(folders), undefined), {
    code: 'BATON_INVALID_SETTINGS', message: /PORT is "http"/
  })
})

await t.test('certificate and key are part of a generation, read through links, and a wrong pair is refused', async (t) => {
  const folders = createReleaseFolders(t)
  const files = { TLS_CERT_FILE: 'cert.pem', TLS_KEY_FILE: 'key.pem' }
  for (const release of [folders.release42, folders.release43]) {
    const name = release === folders.release42 ? 'one' : 'two'
    copyFileSync(pem(`${name}-cert`), `${release}/cert.pem`)
    copyFileSync(pem(`${name}-key`), `${release}/key.pem`)
  }

  const first = makeGeneration(1, { ...NOTHING, all: files }, inCurrent(folders), undefined)
  folders.switchTo(folders.release43)
  const second = makeGeneration(2, { ...NOTHING, all: files }, inCurrent(folders), undefined)

  t.strictSame([first.tls, second.tls], [pair('one'), pair('two')])
  t.throws(() => makeGeneration(3, { ...NOTHING, all: { ...files, TLS_KEY_FILE: pem('one-key') } }, inCurrent(folders), undefined), { code: 'BATON_TLS_PAIR' })
})

const PAIR = { TLS_CERT_FILE: pem('one-cert'), TLS_KEY_FILE: pem('one-key') }
const TRANSPORTS: ReadonlyArray<readonly [name: string, settings: Readonly<Record<string, string>>]> = [
  ['plain HTTP', {}], ['HTTPS', PAIR], ['HTTP/2', { ...PAIR, HTTP2: 'true' }]
]

for (const [before, first] of TRANSPORTS) {
  for (const [after, next] of TRANSPORTS) {
    await t.test(`a reload from ${before} to ${after} is ${before === after ? 'fine' : 'refused'}`, async (t) => {
      const folders = createReleaseFolders(t)
      const generation = makeGeneration(2, { ...NOTHING, all: next }, inCurrent(folders), undefined)

      if (before === after) t.equal(keepTransport(generation, readConfig(first)), generation)
      else {
        t.throws(() => keepTransport(generation, readConfig(first)), {
          code: 'BATON_TRANSPORT_FIXED', message: `a reload cannot switch from ${before} to ${after} (TLS_CERT_FILE, TLS_KEY_FILE, HTTP2)`
        })
      }
    })
  }
}

const RELEASES: ReadonlyArray<readonly [difference: Partial<Generation>, isSame: boolean]> = [
  [{}, true],
  [{ number: 2, variables: { STOP_IDLE_MS: '1' }, environment: { STOP_IDLE_MS: '1' }, config: readConfig({ STOP_IDLE_MS: '1' }) }, true],
  [{ program: '/other/worker/index.js' }, false],
  [{ application: '/other/app.js' }, false],
  [{ application: null }, false],
  [{ directory: '/other' }, false]
]

for (const [difference, isSame] of RELEASES) {
  await t.test(`generations that differ in ${Object.keys(difference).join(', ') || 'nothing'} are of ${isSame ? 'the same release' : 'different releases'}`, async (t) => {
    const one: Generation = {
      number: 1, config: readConfig({}), variables: {}, environment: {}, program: '/srv/worker/index.js', application: '/srv/app.js', directory: '/srv'
    }

    t.equal(isSameRelease(one, { ...one, ...difference }), isSame)
    t.equal(isSameRelease({ ...one, ...difference }, one), isSame)
  })
}
