import t from 'tap'
import type { Status } from '../../src/protocol/control-api.ts'
import { formatStatus } from '../../src/cli/status-view.ts'
import { status } from '../../src/cli/status.ts'
import { waitUntil } from '../helpers/wait-until.ts'
import { aStatus, aWorker, fakeService, json } from './fake-service.ts'
import { recordOutput } from './recorded-output.ts'
import { run } from './run.ts'

await t.test('the status is shown as a table', async (t) => {
  t.strictSame(formatStatus(aStatus({
    workers: [
      aWorker({ slot: 1, pid: null, generation: 5, state: 'starting', uptimeMs: 800, restarts: 3, eventLoopDelayMs: null, eventLoopUtilization: null, heapUsedBytes: null, rssBytes: null, connections: null, requests: null, served: null }),
      aWorker({ slot: 1, stale: true }),
      aWorker({ slot: 0, state: 'draining', stale: true })
    ],
    rollout: { generation: 5 },
    state: 'reloading',
    crashLoop: true
  })), [
    'baton 0.1.0  reloading  http://127.0.0.1:3000',
    'process 4194305, Node 24.1.0, up 3d 4h, 1 of 2 workers ready',
    'generation 4 since 2026-11-20 06:12:33 UTC: /srv/app/current/app.js',
    'reloading to generation 5',
    'workers crash repeatedly: restarts are delayed',
    '',
    'slot   pid gen state    uptime restarts delay util   rss conns reqs served',
    '   0 12345   4 draining  3d 4h        0  2 ms  12% 85 MB    12    1  1.2 M',
    '   1 12345   4 stale     3d 4h        0  2 ms  12% 85 MB    12    1  1.2 M',
    '   1     -   5 starting     0s        3     -    -     -     -    -      -',
    '',
    'last reload: none yet'
  ])
})

await t.test('it fits into 80 columns, even with all values at their largest', async (t) => {
  const worker = aWorker({
    slot: 1023, pid: 4194304, generation: 9999, state: 'draining', uptimeMs: 86_399_000, restarts: 999_000, eventLoopDelayMs: 999_000, eventLoopUtilization: 1, rssBytes: 999_000_000, connections: 999_000, requests: 9999, served: 999_000_000
  })
  const lines = formatStatus(aStatus({
    workers: [worker, worker],
    generation: { number: 9999, since: '2026-11-20T06:12:33.123Z', application: `/srv/${'releases/'.repeat(20)}app.js`, program: '', directory: '' },
    lastReload: { result: 'overtaken', generation: 9999, durationMs: 9_999_999, slot: null, slots: [], error: null, endedAt: '2026-11-20T06:12:33.123Z' }
  }))

  t.strictSame(lines.filter((line) => line.length > 80), [])
  t.match(lines[2], /\/srv\/.*….*app\.js$/)
})

await t.test('the result of the last reload is shown with its cause', async (t) => {
  const last = { result: 'failed' as const, generation: 5, durationMs: 900, slot: 0, slots: [], error: { message: 'one\ntwo' }, endedAt: '2026-11-20T06:12:33.123Z' } satisfies Status['lastReload']
  const shown = (lastReload: NonNullable<Status['lastReload']>): string[] => formatStatus(aStatus({ lastReload })).slice(8)

  t.strictSame(shown(last), ['last reload: failed, generation 5, 900 ms, 2026-11-20 06:12:33 UTC', '  one', '  two'])
  t.strictSame(shown({ ...last, result: 'refused', generation: null, error: null }), ['last reload: refused, 900 ms, 2026-11-20 06:12:33 UTC'])
})

await t.test('the built-in application has no path', async (t) => {
  const { generation } = aStatus()

  t.match(formatStatus(aStatus({ generation: { ...generation, application: null } }))[2], /: the built-in application$/)
})

const SERVING: ReadonlyArray<readonly [Partial<Status>, number]> = [
  [{}, 0],
  [{ state: 'reloading' }, 0],
  [{ state: 'stopping' }, 1],
  [{ state: 'stopped' }, 1],
  [{ state: 'starting', workers: [aWorker({ state: 'starting' })] }, 1],
  [{ workers: [] }, 1]
]

for (const [fields, code] of SERVING) {
  await t.test(`the exit code is ${code} for ${JSON.stringify(fields).slice(0, 60)}`, async (t) => {
    const answer = aStatus(fields)
    const { socket, asked } = await fakeService(t, { 'GET /status': (response) => { json(response, answer) } })

    t.strictSame(await run(['status', '--socket', socket]), { code, out: `${formatStatus(answer).join('\n')}\n`, err: '' })
    t.strictSame(await run(['status', '--json', '--socket', socket]), { code, out: `${JSON.stringify(answer)}\n`, err: '' })
    t.equal(asked.length, 2)
  })
}

await t.test('--watch repeats it until Ctrl-C: one below the other in a pipe, in place on a terminal', async (t) => {
  const { socket, asked } = await fakeService(t)
  const text = formatStatus(aStatus()).join('\n')
  for (const [options, isTerminal, starts] of [[[], false, `${text}\n\n${text}\n\n`], [['--json'], true, '{'], [[], true, `\x1b[?25l${text}\n\x1b[9A\r\x1b[J${text}\n`]] as const) {
    const output = recordOutput({ isTerminal, columns: 100 })
    const user = new AbortController()
    asked.length = 0
    const running = run(['status', '--watch', '0.01', ...options, '--socket', socket], output, user.signal)
    await waitUntil(() => asked.length > 3, () => 'some updates')

    user.abort()

    const { code, out, err } = await running
    t.strictSame({ code, err }, { code: 0, err: '' })
    t.ok(out.startsWith(starts), out)
    t.equal(out.endsWith('\x1b[?25h'), isTerminal && options.length === 0)
  }
})

await t.test('a service that exits or hangs ends --watch', async (t) => {
  const service = await fakeService(t)
  const output = recordOutput()
  const running = run(['status', '--watch', '0.01', '--socket', service.socket], output)
  await waitUntil(() => service.asked.length > 1, () => 'a second update')

  service.server.close()

  t.match(await running, { code: 1, err: /ENOENT|ECONNREFUSED|lost the connection/ })

  const hung = await fakeService(t, { 'GET /status': () => {} })
  await t.rejects(
    status({ socket: hung.socket, status: aStatus() }, { command: 'status', socket: undefined, json: false, watch: 1 }, recordOutput(), new AbortController().signal, 50),
    { code: 'BATON_COMMAND_TIMEOUT' }
  )
})

await t.test('without a service the exit code is 69', async (t) => {
  t.strictSame(await run(['status', '--socket', '/nowhere/at/all.sock']), { code: 69, out: '', err: 'baton: no service answers; looked at:\n  /nowhere/at/all.sock: does not exist\n' })
})
