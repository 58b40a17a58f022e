import t from 'tap'
import { watchTerminal, type TerminalSystem } from '../../src/primary/terminal.ts'

/** A system in which these descriptors are terminals; opening the controlling terminal gives these errors, one by one. */
function systemOf (terminals: readonly number[], ...openings: Array<string | undefined>): TerminalSystem {
  return {
    isatty: (fd) => terminals.includes(fd),
    open: () => {
      const code = openings.shift()
      if (code !== undefined) throw Object.assign(new Error(code), { code })
    }
  }
}

const OPENS = undefined
const GONE = 'ENXIO'

interface Row {
  readonly system: TerminalSystem
  /** The answer at the first SIGHUP, the second, and so on. */
  readonly expected: readonly boolean[]
}

const ROWS: Readonly<Record<string, Row>> = {
  'stays open': { system: systemOf([0, 1, 2], OPENS, OPENS, OPENS), expected: [false, false] },
  closes: { system: systemOf([0, 1, 2], OPENS, GONE, GONE), expected: [true, true] },
  'closes after a reload': { system: systemOf([0, 1, 2], OPENS, OPENS, GONE), expected: [false, true] },
  'closes, with only stderr on it': { system: systemOf([2], OPENS, GONE), expected: [true] },
  'closes with an error of its device': { system: systemOf([0], OPENS, 'EIO'), expected: [true] },
  'never existed (a service)': { system: systemOf([], GONE, GONE), expected: [false, false] },
  'belongs to another session (setsid)': { system: systemOf([0, 1, 2], GONE, GONE), expected: [false] },
  'is not on any of the standard streams (nohup)': { system: systemOf([], OPENS, GONE), expected: [false] },
  'is on other descriptors only': { system: systemOf([3, 4], OPENS, GONE), expected: [false] },
  'does not exist in this container': { system: systemOf([0, 1, 2], 'ENOENT', 'ENOENT'), expected: [false] },
  'cannot be opened for lack of descriptors': { system: systemOf([0, 1, 2], OPENS, 'EMFILE', 'ENFILE', 'ENOMEM', GONE), expected: [false, false, false, true] }
}

for (const [title, { system, expected }] of Object.entries(ROWS)) {
  await t.test(`a terminal that ${title} ${expected.includes(true) ? 'is reported as gone' : 'is not reported as gone'}`, async (t) => {
    const isGone = watchTerminal(system)

    t.strictSame(expected.map(() => isGone()), expected)
  })
}

await t.test('on the real system no terminal is gone while this test runs, with or without one', async (t) => {
  t.equal(watchTerminal()(), false)
  t.equal(watchTerminal({ isatty: () => true })(), false)
})
