import t from 'tap'

import { parseBench } from '../../src/bench/command-line.ts'
import { LeanLoad, type LeanCount } from '../../src/bench/lean-load.ts'
import { formatSection } from '../../src/bench/program.ts'
import { atLeast } from '../../src/bench/reload-cost.ts'
import { hasCompileCache } from '../../src/bench/start.ts'
import { startStandIn, type Fault, type StandInOptions } from '../helpers/stand-in-server.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const PARTS = ['one', 'two', 'three']

await t.test('parts run in their own order, not in that of --only', async (t) => {
  t.strictSame(parseBench(['--only', 'three,one'], PARTS).parts, ['one', 'three'])
  t.strictSame(parseBench([], PARTS).parts, PARTS)
})

await t.test('--quick changes the defaults, but not explicit options', async (t) => {
  t.match(parseBench([], PARTS), { rounds: 7, duration: 4000, idleConnections: 10_000 })
  t.match(parseBench(['--quick'], PARTS), { rounds: 2, duration: 1000, idleConnections: 1000 })
  t.match(parseBench(['--quick', '--rounds', '3'], PARTS), { rounds: 3, duration: 1000 })
})

for (const [args, message] of [
  [['--only', 'four'], '--only is "four": it must be some of one, two, three'],
  [['--rounds', '0'], '--rounds is "0": it must be a number from 1 to 100']
] as const) {
  await t.test(`${args.join(' ')} is refused`, async (t) => {
    t.throws(() => parseBench(args, PARTS), { message })
  })
}

const FAULTS: Readonly<Record<string, Fault>> = {
  reset: (_response, socket) => { socket.resetAndDestroy() },
  'closed without an answer': (_response, socket) => { socket.destroy() },
  'answered with a 503': (response) => { response.writeHead(503, { 'content-length': 0 }).end() }
}

for (const isFresh of [false, true]) {
  const kind = isFresh ? 'with new connections' : 'on busy connections'

  await t.test(`the lean load ${kind} counts answers, and no failures when there are none`, async (t) => {
    t.match(await loadUntil(t, {}, isFresh, ({ answered }) => answered >= 200), { failures: 0 })
  })

  for (const [title, fault] of Object.entries(FAULTS)) {
    await t.test(`the lean load ${kind} counts one failure when one request is ${title}, and continues`, async (t) => {
      t.match(await loadUntil(t, { fault, nth: 20 }, isFresh, ({ answered }) => answered >= 100), { failures: 1 })
    })
  }
}

await t.test('workers without a connection are counted', async (t) => {
  t.strictSame(atLeast([3, 1], 4), [3, 1, 0, 0])
})

await t.test('a compile cache is expected only in versions of Node that have one', async (t) => {
  t.strictSame(['20.19.0', '22.9.0', '22.10.0', '24.0.0'].map(hasCompileCache), [false, false, true, true])
})

await t.test('a section is a title, a table and sentences', async (t) => {
  const text = formatSection({ title: 'Speed', header: ['', 'a'], rows: [['x', '1']], sentences: ['It is quick.'] })

  t.equal(text, '### Speed\n\n|     |   a |\n| --- | --: |\n| x   |   1 |\n\nIt is quick.')
})

type Counts = Pick<LeanCount, 'answered' | 'failures'>

async function loadUntil (t: Parameters<typeof startStandIn>[0], options: StandInOptions, isFresh: boolean, isEnough: (count: Counts) => boolean): Promise<Counts> {
  const { target } = await startStandIn(t, options)
  const load = new LeanLoad({ target, connections: 4, isFresh })
  t.teardown(() => { load.stop() })
  let total: Counts = { answered: 0, failures: 0 }
  await waitUntil(() => {
    const { answered, failures } = load.take()
    total = { answered: total.answered + answered, failures: total.failures + failures }
    return isEnough(total)
  }, () => `answers: ${JSON.stringify(total)}`)
  return total
}
