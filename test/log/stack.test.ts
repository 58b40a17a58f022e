import { join } from 'node:path'
import t from 'tap'
import { readableStack } from '../../src/log/stack.ts'

/** The second line of the file was made of line 5, column 3 of the source. */
const MAP = JSON.stringify({ version: 3, sources: ['../src/thrower.ts'], names: [], mappings: ';AAIE' })

await t.test('a position in a file with a source map is that in its source', async (t) => {
  const folder = t.testdir({ dist: { 'thrower.js': '\nthrow new Error()', 'thrower.js.map': MAP } })
  const file = join(folder, 'dist/thrower.js')

  const stack = readableStack(`Error: no\n    at run (file://${file}:2:1)\n    at ${file}:2:7\n    at app.js:2:1`, folder)

  const source = join(folder, 'src/thrower.ts')
  t.equal(stack, `Error: no\n    at run (${source}:5:3)\n    at ${source}:5:3\n    at app.js:2:1`)
})

await t.test('a position stays as it is in a file without a map, in one of another folder, and where the map has nothing', async (t) => {
  const folder = t.testdir({
    dist: { 'thrower.js': '', 'thrower.js.map': MAP, 'plain.js': '', 'broken.js': '', 'broken.js.map': '{' },
    app: { 'thrower.js': '', 'thrower.js.map': MAP }
  })
  const stack = ['dist/plain.js:2:1', 'dist/broken.js:2:1', 'dist/thrower.js:1:1', 'app/thrower.js:2:1']
    .map((position) => `    at ${join(folder, position)}`).join('\n')

  t.equal(readableStack(stack, join(folder, 'dist')), stack)
})

await t.test('without a folder only the files of Baton are meant', async (t) => {
  t.equal(readableStack('    at /somewhere/app.js:1:1'), '    at /somewhere/app.js:1:1')
})
