// Runs what `npm test` is, in the order that takes the least time on two processors:
//
//   node test/runner/main.mjs [--coverage] [--jobs <n>] [lint | unit | integration | load | test/<file or folder>]...
//
// Without a name it is lint, unit and integration. What the tests need is compiled and built first, and lint runs beside
// all that. CONTRIBUTING.md says more.
import { parseArgs } from 'node:util'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { evenGroups, findTests, layerOf, longestFirst, ROOT } from './files.mjs'
import { checkCoverage, clearCoverage, COVERED } from './coverage.mjs'
import { killAll, run } from './processes.mjs'
import { TapOutput } from './tap-output.mjs'

const RUN_FILES = join(ROOT, 'test/runner/run-files.mjs')
/** Milliseconds that one process may take with its tests. Ten times what the longest takes on an idle machine. */
const DEADLINE = 300_000
/** Milliseconds for everything. */
const LIMIT = 1_200_000
/** Tests wait more than they compute. */
const JOBS_PER_PROCESSOR = 2

const { values, positionals } = parseArgs({
  options: { coverage: { type: 'boolean', default: false }, jobs: { type: 'string' } },
  allowPositionals: true
})
const names = positionals.length > 0 ? positionals : ['lint', 'unit', 'integration']
const jobs = Number(values.jobs ?? JOBS_PER_PROCESSOR * availableParallelism())
const failures = []
let assertions = 0

process.on('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1))
setTimeout(() => {
  console.log(`not done after ${LIMIT / 60_000} minutes`)
  process.exit(1)
}, LIMIT).unref()

const start = performance.now()
const files = findNamed(names.filter((name) => name !== 'lint'))
const layers = new Map(['unit', 'integration', 'load'].map((layer) => [layer, files.filter((file) => layerOf(file) === layer)]))

const lint = names.includes('lint') ? step('lint', ['run', '--silent', 'lint'], { isInBackground: true }) : true
if (files.length > 0 && await prepare()) {
  if (values.coverage) clearCoverage()
  await inTurns(jobs, [...evenGroups(layers.get('unit'), jobs), ...longestFirst(layers.get('integration')).map((file) => [file])])
  // What else takes the processors makes reloads long, and proves nothing.
  await lint
  await inTurns(1, layers.get('load').map((file) => [file]))
  if (values.coverage) report('coverage', await checkCoverage())
}
await lint

for (const { name, output } of failures) console.log(`\n---- ${name}\n${output.trimEnd()}`)
console.log(`\n${failures.length === 0 ? 'passed' : `FAILED: ${failures.map(({ name }) => name).join(', ')}`} ` +
  `(${files.length} files, ${assertions} assertions, ${seconds(performance.now() - start)})`)
process.exit(failures.length === 0 ? 0 : 1)

function findNamed (names) {
  try {
    return findTests(names)
  } catch (error) {
    console.error(error.message)
    process.exit(2)
  }
}

/** Compiles sources and tests, which checks their types, and builds the program if a test starts it. */
async function prepare () {
  const isProgramNeeded = files.some((file) => layerOf(file) !== 'unit')
  const steps = [step('types', ['run', '--silent', 'typecheck']), isProgramNeeded ? step('build', ['run', '--silent', 'build']) : true]
  return (await Promise.all(steps)).every(Boolean)
}

/** @returns whether the npm command came out well */
async function step (name, args, options = {}) {
  const begin = performance.now()
  const { isOk, output } = await run('npm', args, options)
  report(name, { isOk, output }, seconds(performance.now() - begin))
  return isOk
}

function report (name, { isOk, output }, details) {
  if (!isOk) failures.push({ name, output })
  console.log(`${isOk ? 'ok  ' : 'FAIL'} ${name}${details === undefined ? '' : ` (${details})`}`)
}

/** Runs groups of files, so many at a time. */
async function inTurns (count, groups) {
  const queue = [...groups]
  await Promise.all(Array.from({ length: count }, async () => {
    for (let group; (group = queue.shift()) !== undefined;) await runGroup(group)
  }))
}

async function runGroup (group) {
  let hasFailed = false
  const tap = new TapOutput((result) => {
    hasFailed ||= result.failures !== ''
    assertions += result.assertions
    report(result.file, { isOk: result.failures === '', output: result.failures }, `${result.assertions} assertions, ${seconds(result.duration)}`)
  })
  const env = { TAP_TIMEOUT: String(DEADLINE / 1000 - 10), ...values.coverage ? COVERED : {} }
  const { isOk, reason, output } = await run(process.execPath, [RUN_FILES, ...group], { env, deadline: DEADLINE, onOutput: (text) => { tap.write(text) } })
  tap.end(`the process ${reason}\n${output}`)
  if ((!isOk || !tap.isComplete) && !hasFailed) report(`the process of ${group.join(', ')}`, { isOk: false, output: `it ${reason}\n${tap.trailer}${output}` })
}

function seconds (duration) {
  return `${(duration / 1000).toFixed(1)} s`
}
