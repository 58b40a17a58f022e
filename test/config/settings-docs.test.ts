import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { usage } from '../../src/cli/usage.ts'
import { readConfig } from '../../src/config/config.ts'
import { SETTING_GROUPS, SETTINGS } from '../../src/config/settings.ts'
import { ROOT } from '../helpers/root.ts'

interface Tables {
  readonly MOST_USED: readonly string[]
  readonly settingsPage: (groups: object) => string
  readonly withSettings: (readme: string, rows: object) => string
}

/** JavaScript, so that `npm run docs` needs nothing but Node and the compiled table. */
const { MOST_USED, settingsPage, withSettings } = await import(String(pathToFileURL(join(ROOT, 'scripts/settings-tables.mjs')))) as Tables

const NAMES = Object.keys(SETTINGS)

function read (path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Lines `NAME=value`, also those that are commented out. */
function examples (): Array<{ readonly name: string, readonly value: string, readonly isComment: boolean }> {
  return [...read('.env.example').matchAll(/^(#?)([A-Z][A-Z0-9_]*)=(.*)$/gm)]
    .map(([, comment, name = '', value = '']) => ({ name, value, isComment: comment === '#' }))
}

await t.test('docs/settings.md is what `npm run docs` writes', async (t) => {
  t.equal(read('docs/settings.md'), settingsPage(SETTING_GROUPS))
})

await t.test('the table of the README is what `npm run docs` writes', async (t) => {
  t.equal(read('README.md'), withSettings(read('README.md'), SETTINGS))
})

await t.test('a README without a place for the table is an error', async (t) => {
  t.throws(() => withSettings('# Baton\n', SETTINGS), { message: /README\.md has no lines/ })
})

await t.test('every setting has a meaning that fits into a cell of a table', async (t) => {
  const odd = Object.entries(SETTINGS).filter(([, { meaning }]) => !/^[^\n|]+\.$/.test(meaning)).map(([name]) => name)

  t.strictSame(odd, [])
})

await t.test('.env.example has each setting once, but not ENV_FILE, which it could not change', async (t) => {
  t.strictSame(examples().map(({ name }) => name), NAMES.filter((name) => name !== 'ENV_FILE'))
})

await t.test('.env.example sets the defaults, and only comments on settings that have none', async (t) => {
  const defaults = Object.entries(SETTINGS)
    .filter(([, { fallback }]) => fallback !== undefined)
    .map(([name, { fallback }]) => [name, String(fallback)])

  t.strictSame(examples().filter(({ isComment }) => !isComment).map(({ name, value }) => [name, value]), defaults)
})

await t.test('all values of .env.example are allowed', async (t) => {
  t.doesNotThrow(() => readConfig(Object.fromEntries(examples().map(({ name, value }) => [name, value]))))
})

await t.test('the usage names settings of the README, and the page with all of them', async (t) => {
  const [, listed = ''] = /environment variables \(([^)]*)\)/.exec(usage(undefined)) ?? []
  const named = listed.match(/\w+/g) ?? []

  t.ok(named.length > 0)
  t.strictSame(named.filter((name) => !MOST_USED.includes(name)), [])
  t.match(usage(undefined), 'docs/settings.md')
})
