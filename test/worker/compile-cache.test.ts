import { chmodSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import module from 'node:module'
import { join } from 'node:path'
import t from 'tap'

import { useCompileCache } from '../../src/worker/compile-cache.ts'

/** @returns the folders that Node was asked to use */
function use (directory: string): string[] {
  const asked: string[] = []
  const answer = useCompileCache((folder) => { asked.push(folder) }, directory)
  if (answer !== (asked.length === 1)) throw new Error(`it says ${answer}`)
  return asked
}

await t.test('the cache is in a folder that is made for this user alone', async (t) => {
  const directory = join(t.testdir(), 'own')

  t.strictSame(use(directory), [join(directory, 'compile-cache')])
  t.equal(lstatSync(directory).mode & 0o777, 0o700)
  t.strictSame(use(directory), [join(directory, 'compile-cache')], 'and when it is there already')
})

const UNSAFE: Readonly<Record<string, (directory: string) => void>> = {
  'that others can write to': (directory) => { mkdirSync(directory); chmodSync(directory, 0o777) },
  'that others can read': (directory) => { mkdirSync(directory); chmodSync(directory, 0o750) },
  'that is a link, which somebody else may have set': (directory) => { symlinkSync('elsewhere', directory) },
  'that is a file': (directory) => { writeFileSync(directory, '') }
}

for (const [title, make] of Object.entries(UNSAFE)) {
  await t.test(`nothing is cached in a folder ${title}`, async (t) => {
    const root = t.testdir({ elsewhere: {} })
    chmodSync(join(root, 'elsewhere'), 0o700)
    const directory = join(root, 'own')
    make(directory)

    t.strictSame(use(directory), [])
  })
}

await t.test('nothing is cached where the folder cannot be made', async (t) => {
  t.strictSame(use(join(t.testdir({ file: '' }), 'file', 'own')), [])
})

await t.test('nothing is cached by a Node that has no such cache', async (t) => {
  t.equal(useCompileCache(null, join(t.testdir(), 'own')), false)
})

await t.test('a worker of a Node that has one finds its folder by itself', async (t) => {
  const { enableCompileCache } = module as { readonly enableCompileCache?: unknown }

  t.equal(useCompileCache(undefined, join(t.testdir(), 'own')), enableCompileCache !== undefined)
})
