// Runs compiled test files in this process, one after the other: loading tap and Node for each of a hundred files takes
// longer than their tests. The runner starts it and reads its TAP; the comments say which file the results belong to.
import { join } from 'node:path'
import { setImmediate as immediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { BUILD, ROOT } from './files.mjs'

process.setSourceMapsEnabled(true)
const files = process.argv.slice(2)
const environment = { ...process.env }

for (const file of files) {
  // Where `t.testdir()` puts its folders, and what a test sees as its program.
  t.testdirName = join(ROOT, '.tap/fixtures', file.replaceAll('/', '-'))
  process.argv.splice(1, Infinity, join(ROOT, file))
  t.comment(`file: ${file}`)
  // The reader takes the time of the file from when it sees that line.
  await immediate()
  try {
    await import(pathToFileURL(join(BUILD, file.replace(/\.ts$/, '.js'))).href)
  } catch (error) {
    t.fail(`${file} failed`, { error })
  }
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
  Object.assign(process.env, environment)
}
t.comment('file: none is left')
