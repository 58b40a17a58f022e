import t from 'tap'
import type { Outcome, ReloadEvent } from '../../src/protocol/control-api.ts'
import { waitUntil } from '../helpers/wait-until.ts'
import { fakeService, play, type Answer } from './fake-service.ts'
import { recordOutput } from './recorded-output.ts'
import { run } from './run.ts'

const started = (generation: number, slots: readonly number[], workers = slots.length): ReloadEvent => ({ event: 'reload:started', generation, workers, slots })
const forked = (slot: number, generation: number): ReloadEvent => ({ event: 'worker:forked', slot, generation, pid: 100 })
const ready = (slot: number, generation: number, durationMs: number): ReloadEvent => ({ event: 'worker:ready', slot, generation, pid: 100, durationMs })
const draining = (slot: number, generation: number): ReloadEvent => ({ event: 'worker:draining', slot, generation, pid: 99 })
const drained = (slot: number, generation: number, durationMs: number, wasKilled = false): ReloadEvent =>
  ({ event: 'worker:exited', slot, generation, pid: 99, code: wasKilled ? null : 0, signal: wasKilled ? 'SIGKILL' : null, durationMs, wasKilled })
const crashed = (slot: number, generation: number, code: number | null, signal: string | null = null): ReloadEvent =>
  ({ event: 'worker:exited', slot, generation, pid: 99, code, signal, wasKilled: false })
const ended = (fields: Partial<Outcome> = {}): ReloadEvent =>
  ({ event: 'reload:ended', result: 'completed', generation: 5, durationMs: 612, slot: null, slots: [5, 5], error: null, ...fields })

const COMPLETED: readonly ReloadEvent[] = [
  started(5, [4, 4]), forked(0, 5), ready(0, 5, 212), draining(0, 4), forked(1, 5), drained(0, 4, 40), ready(1, 5, 198), draining(1, 4), ended()
]

interface Row {
  readonly events: readonly ReloadEvent[]
  readonly options?: readonly string[]
  readonly code: number
  readonly out?: readonly string[]
  readonly err?: readonly string[]
}

const ROWS: Readonly<Record<string, Row>> = {
  'a reload that completes': {
    events: COMPLETED,
    code: 0,
    out: [
      'reload started: generation 5, 2 workers',
      'slot 0  generation 4 → 5  ready in 212 ms, old one draining',
      'slot 1  generation 4 → 5  ready in 198 ms, old one draining',
      'reload completed: generation 5 in 612 ms'
    ]
  },
  'a reload with --drained': {
    events: [...COMPLETED, drained(1, 4, 1204), { event: 'reload:drained', durationMs: 2310 }],
    options: ['--drained'],
    code: 0,
    out: [
      'reload started: generation 5, 2 workers',
      'slot 0  generation 4 → 5  ready in 212 ms, old one draining',
      'slot 0  generation 4  drained in 40 ms',
      'slot 1  generation 4 → 5  ready in 198 ms, old one draining',
      'reload completed: generation 5 in 612 ms',
      'slot 1  generation 4  drained in 1,204 ms',
      'all workers of older generations have exited (2,310 ms)'
    ]
  },
  'a reload with MAX_SURGE=0, a wait and one worker': {
    events: [
      started(5, [4]), { event: 'reload:waiting', generation: 5, maxDraining: 4 }, draining(0, 4), drained(0, 4, 80_000, true), forked(0, 5), ready(0, 5, 212), ended({ slots: [5] })
    ],
    code: 0,
    out: [
      'reload started: generation 5, 1 worker',
      'waiting: 4 workers are already draining (MAX_DRAINING)',
      'slot 0  generation 4  draining, its replacement follows',
      'slot 0  generation 4  killed: not drained after 80,000 ms',
      'slot 0  generation 4 → 5  ready in 212 ms',
      'reload completed: generation 5 in 612 ms'
    ]
  },
  'a reload that adds a worker': {
    events: [started(5, [4], 2), ready(0, 5, 212), draining(0, 4), ready(1, 5, 100), ended()],
    code: 0,
    out: [
      'reload started: generation 5, 2 workers',
      'slot 0  generation 4 → 5  ready in 212 ms, old one draining',
      'slot 1  generation 5  ready in 100 ms',
      'reload completed: generation 5 in 612 ms'
    ]
  },
  'a reload that removes a worker': {
    events: [started(5, [4, 4], 1), ready(0, 5, 212), draining(0, 4), draining(1, 4), ended({ slots: [5] })],
    code: 0,
    out: [
      'reload started: generation 5, 1 worker',
      'slot 0  generation 4 → 5  ready in 212 ms, old one draining',
      'slot 1  generation 4  draining',
      'reload completed: generation 5 in 612 ms'
    ]
  },
  'a reload during which old workers crash': {
    events: [started(5, [4, 4]), crashed(1, 4, 7), forked(1, 4), ready(1, 4, 90), crashed(1, 4, null, 'SIGSEGV'), ready(0, 5, 212), ended()],
    code: 0,
    out: [
      'reload started: generation 5, 2 workers',
      'slot 1  generation 4  exited unexpectedly with code 7',
      'slot 1  generation 4  ready in 90 ms',
      'slot 1  generation 4  was killed unexpectedly by SIGSEGV',
      'slot 0  generation 4 → 5  ready in 212 ms',
      'reload completed: generation 5 in 612 ms'
    ]
  },
  'a reload with an event of a newer release': {
    events: [{ event: 'worker:polished' } as unknown as ReloadEvent, ended()],
    code: 0,
    out: ['reload completed: generation 5 in 612 ms']
  },
  'a reload whose first worker cannot start': {
    events: [started(5, [4, 4]), forked(0, 5), crashed(0, 5, 7), ended({ result: 'failed', slot: 0, slots: [4, 4], durationMs: 1900, error: { message: 'the worker exited with code 7 before it was ready' } })],
    code: 1,
    out: ['reload started: generation 5, 2 workers', 'slot 0  generation 5  exited unexpectedly with code 7'],
    err: ['reload failed: generation 5 after 1,900 ms, slot 0: the worker exited with code 7 before it was ready', 'all slots run generation 4']
  },
  'a reload that is rolled back': {
    events: [started(5, [4, 4]), ready(0, 5, 212), draining(0, 4), ready(0, 4, 150), draining(0, 5), ended({ result: 'failed', slot: null, slots: [4, 4], error: { message: 'no' } })],
    code: 1,
    out: [
      'reload started: generation 5, 2 workers',
      'slot 0  generation 4 → 5  ready in 212 ms, old one draining',
      'slot 0  generation 4  ready in 150 ms',
      'slot 0  generation 5  draining: no longer needed'
    ],
    err: ['reload failed: generation 5 after 612 ms: no', 'all slots run generation 4']
  },
  'a reload that stops half way, with --drained': {
    events: [started(5, [4, 4, 4, 3]), ready(0, 5, 212), draining(0, 4), ended({ result: 'failed', slot: 1, slots: [5, 4, 4, 3], error: { message: 'no' } })],
    options: ['--drained'],
    code: 1,
    out: ['reload started: generation 5, 4 workers', 'slot 0  generation 4 → 5  ready in 212 ms, old one draining'],
    err: ['reload failed: generation 5 after 612 ms, slot 1: no', 'slot 0 runs generation 5, slots 1-2 run generation 4, slot 3 runs generation 3']
  },
  'a reload whose first worker is ready, but then fails': {
    events: [started(5, [4]), ready(0, 5, 212), ended({ result: 'failed', slot: 0, slots: [4], error: { message: 'did not answer' } })],
    code: 1,
    out: ['reload started: generation 5, 1 worker', 'slot 0  generation 4 → 5  ready in 212 ms'],
    err: ['reload failed: generation 5 after 612 ms, slot 0: did not answer', 'all slots run generation 4']
  },
  'a reload that is refused': {
    events: [ended({ result: 'refused', generation: null, durationMs: 0, slots: [4, 4], error: { message: 'the configuration is wrong:\n  PORT is "http"' } })],
    code: 1,
    err: ['reload refused: the configuration is wrong:\n  PORT is "http"', 'all slots run generation 4']
  },
  'a reload that is overtaken': {
    events: [started(5, [4]), ended({ result: 'overtaken', slots: [4] })],
    code: 1,
    out: ['reload started: generation 5, 1 worker'],
    err: ['reload overtaken: generation 5 after 612 ms, because a newer reload was requested']
  },
  'a reload that a stop ends': {
    events: [started(5, [4]), ended({ result: 'stopped', slots: [] })],
    code: 1,
    out: ['reload started: generation 5, 1 worker'],
    err: ['reload stopped: generation 5 after 612 ms, because the service is stopping']
  },
  'a reload of a service that is already stopping': {
    events: [ended({ result: 'stopped', generation: null, slots: [] })],
    code: 1,
    err: ['reload stopped, because the service is stopping']
  },
  'a reload after which no worker is left': {
    events: [ended({ result: 'failed', slots: [] })],
    code: 1,
    err: ['reload failed: generation 5 after 612 ms', 'no worker is left']
  },
  'a reload with a result of a newer release': {
    events: [ended({ result: 'postponed' as 'failed', slots: [4, 4], error: { message: 'busy' } })],
    code: 1,
    err: ['reload postponed: generation 5 after 612 ms: busy', 'all slots run generation 4']
  }
}

for (const [title, { events, options = [], code, out = [], err = [] }] of Object.entries(ROWS)) {
  await t.test(`${title} is shown step by step, and ends with code ${code}`, async (t) => {
    const { socket, asked } = await fakeService(t, { 'POST /reload': play(events) })

    const ran = await run(['reload', '--socket', socket, ...options])

    t.strictSame(ran.out.split('\n'), [...out, ''])
    t.strictSame(ran.err, err.map((line) => `baton: ${line}\n`).join(''))
    t.equal(ran.code, code)
    t.equal(asked.at(-1), `POST /reload {"drained":${options.includes('--drained')}}`)
  })
}

await t.test('--json prints the events as they come, and nothing else', async (t) => {
  for (const [events, code] of [[COMPLETED, 0], [[ended({ result: 'failed' })], 1]] as const) {
    const { socket } = await fakeService(t, { 'POST /reload': play(events) })

    const ran = await run(['reload', '--json', '--socket', socket], recordOutput({ isTerminal: true }))

    t.strictSame(ran, { code, out: events.map((event) => `${JSON.stringify(event)}\n`).join(''), err: '' })
  }
})

await t.test('a lost connection is an error that says what the command waited for', async (t) => {
  const cut: Answer = (response) => { response.write(`${JSON.stringify(started(5, [4]))}\n`, () => { response.socket?.destroy() }) }
  const rows: ReadonlyArray<readonly [Answer, readonly string[], string]> = [
    [cut, [], 'the end of the reload (ECONNRESET)'],
    [play([started(5, [4])]), [], 'the end of the reload (the connection ended)'],
    [play(COMPLETED), ['--drained'], 'the older workers to exit, after the reload completed (the connection ended)']
  ]
  for (const [answer, options, message] of rows) {
    const { socket } = await fakeService(t, { 'POST /reload': answer })

    const { code, err } = await run(['reload', ...options, '--socket', socket])

    t.equal(code, 1)
    t.equal(err, `baton: lost the connection to the service while waiting for ${message}\n`)
  }
})

await t.test('a line that is not an event is named', async (t) => {
  const { socket } = await fakeService(t, { 'POST /reload': (response) => { response.end('hello\n') } })

  t.match(await run(['reload', '--socket', socket]), { code: 1, err: 'the answer to POST /reload does not come from Baton: hello' })
})

await t.test('a request that is refused says why', async (t) => {
  t.match(await run(['reload', '--socket', (await fakeService(t)).socket]), { code: 1, err: 'baton: there is no POST /reload here\n' })
})

const hangs: Answer = (response) => { response.write(`${JSON.stringify(started(5, [4]))}\n`) }

await t.test('after --timeout the reload continues without the command', async (t) => {
  const { socket } = await fakeService(t, { 'POST /reload': hangs })

  t.match(await run(['reload', '--timeout', '0.1', '--socket', socket]), { code: 1, err: 'baton: not done after 0.1 s; the reload continues\n' })
})

await t.test('after Ctrl-C too, and the terminal is restored', async (t) => {
  const output = recordOutput({ isTerminal: true })
  const { socket } = await fakeService(t, { 'POST /reload': hangs })
  const user = new AbortController()
  const running = run(['reload', '--socket', socket], output, user.signal)
  await waitUntil(() => output.out().includes('reload started'), () => 'the first line')

  user.abort()

  t.match(await running, { code: 130, err: 'baton: interrupted; the reload continues\n' })
  t.equal(output.out().split('\x1b[?25l').length, output.out().split('\x1b[?25h').length, 'the cursor is shown as often as it is hidden')
  t.ok(output.out().endsWith('\x1b[?25h'))
})

await t.test('a terminal also shows the current step, in a line that is rewritten', async (t) => {
  const output = recordOutput({ isTerminal: true, hasColor: true })
  let finish = (): void => {}
  const { socket } = await fakeService(t, {
    'POST /reload': (response) => {
      response.write([started(5, [4]), forked(0, 5), crashed(0, 4, 7)].map((event) => `${JSON.stringify(event)}\n`).join(''))
      finish = () => { response.end([ready(0, 5, 212), ended({ slots: [5] })].map((event) => `${JSON.stringify(event)}\n`).join('')) }
    }
  })
  const running = run(['reload', '--socket', socket], output)
  const refreshed = 'generation 5: 0 of 1 slots, starting slot 0  '
  await waitUntil(() => output.out().split(refreshed).length > 3, () => 'the clock')

  finish()

  t.match(await running, { code: 0, err: '' })
  t.match(output.out(), 'requesting a reload  0s')
  t.match(output.out(), '\x1b[33mslot 0  generation 4  exited unexpectedly with code 7\x1b[0m\n')
  t.match(output.out(), '\x1b[32mreload completed: generation 5 in 612 ms\x1b[0m\n')
  t.ok(output.out().endsWith('\x1b[0m\n'), 'the line is removed')
})
