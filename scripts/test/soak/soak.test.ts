import t from 'tap'

import { soak } from '../../src/soak/program.ts'
import { program } from '../helpers/fixture.ts'
import { builtProduct } from '../helpers/product.ts'

const PROGRAM = builtProduct()
const DEADLINE = 200_000

async function run (env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<{ code: number, output: string }> {
  let output = ''
  const write = (text: string): void => { output += text }
  const code = await soak(args, {
    stdout: { write }, stderr: { write }, env: { ...process.env, ...env }, program: PROGRAM, signal: AbortSignal.timeout(DEADLINE)
  })
  return { code, output }
}

t.jobs = 2

/** CI runs the soak of a primary without a leak. */
const soaking = t.test('a primary that leaks descriptors and timers fails the soak, although no request fails', async (t) => {
  const { code, output } = await run(
    { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${program('leaks-in-the-primary')}` },
    '--reloads', '6', '--connections', '6'
  )

  t.match(output, /\nafter 6 reloads {2}descriptors \d+ {2}threads \d+ {2}handles \d+ {2}timers \d+ {2}heap MB [\d.]+ {2}RSS MB [\d.]+\n/)
  t.match(output, /\nFAILED: descriptors of the primary grow by [12]\.\d\d per reload \(\/dev\/null\); timers of the primary grow by [12]\.\d\d per reload\. No request failed/)
  t.notMatch(output, /threads of|handles of|leaks nothing/)
  t.equal(code, 1)
})

await Promise.all([soaking, t.test('a service that does not start ends the soak with code 1, and a wrong command line with 64', async (t) => {
  const broken = await run({}, '--program', program('exits-on-boot'))
  const wrong = await run({}, '--reloads', '5')
  const help = await run({}, '--help')

  t.equal(broken.code, 1)
  t.match(broken.output, 'the configuration is wrong')
  t.equal(wrong.code, 64)
  t.match(wrong.output, '--reloads is "5": it must be a number from 6 to 100000')
  t.equal(help.code, 0)
})])
