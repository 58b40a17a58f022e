import t from 'tap'

import { chaos } from '../../src/chaos/program.ts'
import { program } from '../helpers/fixture.ts'
import { builtProduct } from '../helpers/product.ts'

const PROGRAM = builtProduct()
const DEADLINE = 100_000

async function run (...args: readonly string[]): Promise<{ code: number, output: string }> {
  let output = ''
  const write = (text: string): void => { output += text }
  const code = await chaos(args, {
    stdout: { write }, stderr: { write }, env: process.env, program: PROGRAM, signal: AbortSignal.timeout(DEADLINE)
  })
  return { code, output }
}

await t.test('no request fails while releases break, workers are killed and the pool is scaled, except on connections of dead workers', async (t) => {
  const { code, output } = await run('--duration', '8', '--seed', '5', '--connections', '20', '--timeout', '15')

  t.match(output, /^chaos for 8 s with seed 5\n/)
  t.match(output, /\nworkers killed +\d/)
  t.match(output, /\nreloads completed +[1-9]/)
  t.match(output, /\nNone of [\d,]+ requests failed, except [\d,]+ on connections of workers that died\. The seed was 5\.\n$/)
  t.equal(code, 0)
  if (code !== 0) t.comment(output)
})

await t.test('a service that does not start ends the run with code 1, and a wrong command line with 64', async (t) => {
  const broken = await run('--program', program('exits-on-boot'))
  const wrong = await run('--seed', 'x')

  t.equal(broken.code, 1)
  t.match(broken.output, 'the configuration is wrong')
  t.equal(wrong.code, 64)
  t.match(wrong.output, '--seed is "x"')
})
