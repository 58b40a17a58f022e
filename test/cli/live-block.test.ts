import t from 'tap'
import { LiveBlock } from '../../src/cli/live-block.ts'
import { recordOutput } from './recorded-output.ts'

const HIDE = '\x1b[?25l'
const SHOW = '\x1b[?25h'
const back = (lines: number): string => `\x1b[${lines}A\r\x1b[J`

await t.test('a block is rewritten in place, and the terminal is restored', async (t) => {
  const output = recordOutput({ isTerminal: true })
  const block = new LiveBlock(output)

  block.show(['one', 'two'])
  block.show(['three'])
  block.print('stays')
  block.show(['four'])
  block.clear()
  block.clear()

  t.equal(output.out(), `${HIDE}one\ntwo\n${back(2)}three\n${back(1)}${SHOW}stays\n${HIDE}four\n${back(1)}${SHOW}`)
})

await t.test('a released block stays, with the cursor behind it', async (t) => {
  const output = recordOutput({ isTerminal: true })
  const block = new LiveBlock(output)

  block.release()
  block.show(['one'])
  block.release()

  t.equal(output.out(), `${HIDE}one\n${SHOW}`)
})

await t.test('lines and blocks that do not fit are cut, because text that wraps or scrolls cannot be rewritten', async (t) => {
  const output = recordOutput({ isTerminal: true, columns: 5, rows: 3 })

  new LiveBlock(output).show(['123456', '2', '3'])

  t.equal(output.out(), `${HIDE}1234\n2\n`)
})

await t.test('in a pipe only lines that stay are printed', async (t) => {
  const output = recordOutput()
  const block = new LiveBlock(output)

  block.show(['one'])
  block.print('stays')
  block.release()
  block.clear()

  t.equal(output.out(), 'stays\n')
})
