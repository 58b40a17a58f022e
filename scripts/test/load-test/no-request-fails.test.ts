import t from 'tap'

import { loadTest } from '../../src/load-test/program.ts'
import { builtProduct } from '../helpers/product.ts'

const PROGRAM = builtProduct()

/**
 * Milliseconds of one run, which ends before the deadline of the test runner, also with ten reloads on a busy machine.
 */
const LIMIT = 250_000

/** Runs the load test as on the command line, with all kinds of clients. */
async function load (args: readonly string[], env: Readonly<Record<string, string>>): Promise<{ code: number, output: string }> {
  let output = ''
  const write = (text: string): boolean => {
    output += text
    return true
  }
  const code = await loadTest([...args, '--connections', '40'], {
    stdout: { write }, stderr: { write }, env: { ...process.env, CANARY_MS: '100', ...env }, program: PROGRAM, signal: AbortSignal.timeout(LIMIT)
  })
  return { code, output }
}

await t.test('a reload fails no request, whatever the client, ten times in a row', async (t) => {
  const { code, output } = await load(['--duration', '10', '--reloads', '10'], { WORKERS: '2' })

  t.match(output, '10 reloads completed')
  t.equal(code, 0, 'no request failed', { output })
})

await t.test('a reload fails no request with one worker, with a shared socket, or with all replacements at once', async (t) => {
  for (const env of [{ WORKERS: '1' }, { WORKERS: '2', SCHEDULING: 'shared' }, { WORKERS: '3', MAX_SURGE: '3' }]) {
    const { code, output } = await load(['--duration', '5', '--reloads', '3'], env)

    t.match(output, '3 reloads completed')
    t.equal(code, 0, 'no request failed', { output })
  }
})
