import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'

import { pathTo } from '../src/workspace.ts'
import { builtProduct } from './helpers/product.ts'

/** Most files wait for timers and for other processes, so more of them run at once than there are processors. */
const JOBS = 4
/** Milliseconds for one file. */
const TIMEOUT = 300_000
/** The longest files start first, so that none of them runs alone at the end. */
const LONGEST = ['soak/soak', 'chaos/chaos', 'clients/client-failures', 'compare/compare-peers', 'load-test/load-test-process']
/**
 * Files that load the product with all kinds of clients: beside other tests, reloads would be slow and prove nothing.
 */
const ALONE = ['load-test/no-request-fails']

/**
 * Runs the compiled tests, each file in a process of its own. tap's own runner takes four times as long: it starts a
 * loader for TypeScript in each of them.
 *
 * Arguments choose the files whose path contains one of them.
 */
async function runTests (): Promise<void> {
  builtProduct()
  const wanted = process.argv.slice(2)
  const names = listTests().filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  if (names.length === 0) throw new Error(`no test has ${wanted.join(' or ')} in its path`)

  const together = names.filter((name) => !ALONE.includes(name)).values()
  const failed: string[] = []
  await Promise.all(Array.from({ length: JOBS }, async () => {
    for (const name of together) if (!await runTest(name)) failed.push(name)
  }))
  for (const name of names) if (ALONE.includes(name) && !await runTest(name)) failed.push(name)
  console.log(failed.length === 0 ? `all ${names.length} files passed` : `FAILED: ${failed.join(', ')}`)
  process.exitCode = failed.length === 0 ? 0 : 1
}

/** Looks at the sources: what was compiled of a test that has been removed may still be there. */
function listTests (): string[] {
  const names = readdirSync(pathTo('test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => file.replace('.test.ts', ''))
    .sort()
  return [...LONGEST.filter((name) => names.includes(name)), ...names.filter((name) => !LONGEST.includes(name))]
}

/**
 * Prints a line when the file has passed, and what it reported when it has failed.
 *
 * @returns whether it has passed
 */
async function runTest (name: string): Promise<boolean> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, ['--enable-source-maps', pathTo(`build/test/${name}.test.js`)], {
    env: { ...process.env, TAP_TIMEOUT: String(TIMEOUT / 1000) }, stdio: ['ignore', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { output += text })
  const deadline = setTimeout(() => { child.kill('SIGKILL') }, TIMEOUT)
  const code = await new Promise<number | null>((resolve) => { child.once('close', resolve) })
  clearTimeout(deadline)

  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  if (code === 0) {
    console.log(`ok  ${name} (${seconds} s)`)
  } else {
    const failures = output.split('\n').filter((line) => !/^ *ok /.test(line)).join('\n')
    console.log(`\nFAILED  ${name} (${seconds} s, ${code === null ? 'killed' : `code ${code}`})\n${failures}`)
  }
  return code === 0
}

await runTests()
