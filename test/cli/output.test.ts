import t from 'tap'
import { createOutput, paint, readTerminalPreferences, type Stream } from '../../src/cli/output.ts'
import { recordOutput } from './recorded-output.ts'

interface Row {
  readonly stream: Omit<Stream, 'write'>
  readonly env: Readonly<Record<string, string>>
  readonly isTerminal: boolean
  readonly hasColor: boolean
}

const ROWS: Readonly<Record<string, Row>> = {
  'a pipe gets no control sequences': { stream: {}, env: {}, isTerminal: false, hasColor: false },
  'a terminal gets them': { stream: { isTTY: true }, env: { TERM: 'xterm' }, isTerminal: true, hasColor: true },
  'a terminal with NO_COLOR gets no colors': { stream: { isTTY: true }, env: { NO_COLOR: '1' }, isTerminal: true, hasColor: false },
  'an empty NO_COLOR has no effect': { stream: { isTTY: true }, env: { NO_COLOR: '' }, isTerminal: true, hasColor: true },
  'a dumb terminal is treated as a pipe': { stream: { isTTY: true }, env: { TERM: 'dumb' }, isTerminal: false, hasColor: false }
}

for (const [title, { stream, env, isTerminal, hasColor }] of Object.entries(ROWS)) {
  await t.test(title, async (t) => {
    const output = createOutput({ ...stream, write: () => {} }, { write: () => {} }, readTerminalPreferences(env))

    t.equal(output.isTerminal, isTerminal)
    t.equal(output.hasColor, hasColor)
    t.equal(paint(output, 'green', 'done'), hasColor ? '\x1b[32mdone\x1b[0m' : 'done')
  })
}

await t.test('answers go to standard output and problems to standard error', async (t) => {
  const written: string[] = []
  const output = createOutput({ write: (text) => written.push(`out ${text}`) }, { write: (text) => written.push(`err ${text}`) }, readTerminalPreferences({}))

  output.write('one')
  output.warn('two')

  t.strictSame(written, ['out one', 'err two'])
})

await t.test('a terminal that does not report its size gets the default', async (t) => {
  const preferences = readTerminalPreferences({})
  const err = { write: () => {} }

  t.strictSame(createOutput({ write: () => {}, columns: 0 }, err, preferences).size(), { columns: 80, rows: 24 })
  t.strictSame(createOutput({ write: () => {}, columns: 132, rows: 50 }, err, preferences).size(), { columns: 132, rows: 50 })
})

await t.test('without arguments the output goes to the streams of the process', async (t) => {
  t.equal(createOutput().isTerminal, process.stdout.isTTY === true && process.env.TERM !== 'dumb')
  t.equal(paint(recordOutput(), 'red', 'no'), 'no')
})
