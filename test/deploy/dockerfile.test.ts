import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'

const dockerfile = readFileSync('Dockerfile', 'utf8')
const ignored = readFileSync('.dockerignore', 'utf8').trim().split('\n')

/** What the image is built from, less what comes from an earlier stage of it. */
const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) => files.split(' '))

await t.test('the image is built from files that are there and that reach Docker', async (t) => {
  t.equal(ignored[0], '*')
  t.ok(sources.length > 3, sources.join(' '))
  for (const source of sources) {
    t.ok(existsSync(source), source)
    t.ok(ignored.includes(`!${source}`), `${source} is ignored`)
  }
})

await t.test('nothing else reaches Docker', async (t) => {
  t.strictSame(ignored.slice(1).map((line) => line.slice(1)).toSorted(), sources.toSorted())
})
