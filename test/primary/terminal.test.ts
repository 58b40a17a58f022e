import t from 'tap'
import { watchTerminal, type TerminalSystem } from '../../src/primary/terminal.ts'

/** A process with file descriptors that are terminals, and what opening its controlling one comes to, in turn. */
function systemOf (terminals: readonly number[], ...openings: Array<string | undefined>): TerminalSystem {
  return {
    isatty: (fd) => terminals.includes(fd),
    open: () => {
      const code = openings.shift()
      if (code !== undefined) throw Object.assign(new Error(code), { code })
    }
  }
}

const ASKED = undefined
const GONE = 'ENXIO'

interface Row {
  readonly system: TerminalSystem
  /** What the first, the second ... SIGHUP is told. */
  readonly expected: readonly boolean[]
}

const ROWS: Readonly<Record<string, Row>> = {
  'is there all the time': { system: systemOf([0, 1, 2], ASKED, ASKED, ASKED), expected: [false, false] },
  goes: { system: systemOf([0, 1, 2], ASKED, GONE, GONE), expected: [true, true] },
  'goes after a reload': { system: systemOf([0, 1, 2], ASKED, ASKED, GONE), expected: [false, true] },
  'goes, with nothing but errors shown on it': { system: systemOf([2], ASKED, GONE), expected: [true] },
  'goes with an error of its device': { system: systemOf([0], ASKED, 'EIO'), expected: [true] },
  'never was one (a service)': { system: systemOf([], GONE, GONE), expected: [false, false] },
  'is that of another session (setsid)': { system: systemOf([0, 1, 2], GONE, GONE), expected: [false] },
  'is not on any of the standard streams (nohup)': { system: systemOf([], ASKED, GONE), expected: [false] },
  'is on other descriptors only': { system: systemOf([3, 4], ASKED, GONE), expected: [false] },
  'is not in this container': { system: systemOf([0, 1, 2], 'ENOENT', 'ENOENT'), expected: [false] },
  'cannot be asked for lack of descriptors': { system: systemOf([0, 1, 2], ASKED, 'EMFILE', 'ENFILE', 'ENOMEM', GONE), expected: [false, false, false, true] }
}

for (const [title, { system, expected }] of Object.entries(ROWS)) {
  await t.test(`a terminal that ${title} ${expected.includes(true) ? 'is missed' : 'is not missed'}`, async (t) => {
    const isGone = watchTerminal(system)

    t.strictSame(expected.map(() => isGone()), expected)
  })
}

await t.test('the real system has lost no terminal while this test runs, whether or not there is one', async (t) => {
  t.equal(watchTerminal()(), false)
  t.equal(watchTerminal({ isatty: () => true })(), false)
})
