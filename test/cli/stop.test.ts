import t from 'tap'
import { stop } from '../../src/cli/stop.ts'
import { waitUntil } from '../helpers/wait-until.ts'
import { aStatus, fakeService, json, type FakeService } from './fake-service.ts'
import { recordOutput } from './recorded-output.ts'
import { run } from './run.ts'

/** A service that stops listening when it has answered, as the real one does. */
async function stopping (t: Parameters<typeof fakeService>[0], code: number, pid = aStatus().pid): Promise<FakeService> {
  const service: FakeService = await fakeService(t, {
    'GET /status': (response) => { json(response, aStatus({ pid })) },
    'POST /stop': (response) => {
      service.server.close()
      json(response, { code })
    }
  })
  return service
}

await t.test('it says that the service has stopped, and with which code if not 0', async (t) => {
  t.strictSame(await run(['stop', '--socket', (await stopping(t, 0)).socket]), { code: 0, out: 'stopped\n', err: '' })
  t.strictSame(await run(['stop', '--socket', (await stopping(t, 1)).socket]), { code: 1, out: '', err: 'baton: stopped with code 1: it was forced, or requests were cut\n' })
  t.strictSame(await run(['stop', '--json', '--socket', (await stopping(t, 4)).socket]), { code: 1, out: '{"code":4}\n', err: '' })
})

await t.test('it waits until nobody answers any more, and until the process is gone', async (t) => {
  const service = await fakeService(t, { 'POST /stop': (response) => { json(response, { code: 0 }) } })
  const output = recordOutput({ isTerminal: true })
  let [isThere, looks] = [true, 0]
  const command = { command: 'stop', json: false, socket: undefined, timeout: 0 } as const
  const stopping = stop({ socket: service.socket, status: aStatus() }, command, output, new AbortController().signal, () => {
    looks++
    return isThere
  })

  await waitUntil(() => service.asked.length > 3, () => 'another look at the service')
  t.equal(looks, 1, 'it answers, so that its process is there')
  service.server.close()
  await waitUntil(() => looks > 3, () => 'another look at the process')
  t.notMatch(output.out(), 'stopped')
  isThere = false

  t.equal(await stopping, 0)
  t.match(output.out(), /stopping process \d+\n.*stopped\n$/s)
})

await t.test('a process that stays is waited for until --timeout', async (t) => {
  const { socket } = await stopping(t, 0, process.pid)

  t.match(await run(['stop', '--timeout', '0.3', '--socket', socket]), { code: 1, err: 'baton: after 0.3 s it is not over: the service goes on stopping\n' })
})

await t.test('a process of another user is there as well', { skip: process.getuid?.() === 0 ? 'root may signal everybody' : false }, async (t) => {
  const { socket } = await stopping(t, 0, 1)

  t.match(await run(['stop', '--timeout', '0.3', '--socket', socket]), { code: 1, err: 'baton: after 0.3 s it is not over: the service goes on stopping\n' })
})

await t.test('a service that holds it up is left to it after --timeout', async (t) => {
  const hangs = await fakeService(t, { 'POST /stop': () => {} })
  t.match(await run(['stop', '--timeout', '0.2', '--socket', hangs.socket]), { code: 1, err: 'baton: after 0.2 s it is not over: the service goes on stopping\n' })

  const stays = await fakeService(t, { 'POST /stop': (response) => { json(response, { code: 0 }) } })
  t.match(await run(['stop', '--timeout', '0.2', '--socket', stays.socket]), { code: 1, err: /not over/ })

  let isAsked = false
  const mute = await fakeService(t, {
    'GET /status': (response) => { if (!isAsked) json(response, aStatus()) },
    'POST /stop': (response) => {
      isAsked = true
      json(response, { code: 0 })
    }
  })
  t.match(await run(['stop', '--timeout', '0.2', '--socket', mute.socket]), { code: 1, err: /not over/ })
})

await t.test('one that dies instead is named', async (t) => {
  const { socket } = await fakeService(t, { 'POST /stop': (response) => { response.socket?.destroy() } })

  t.match(await run(['stop', '--socket', socket]), { code: 1, err: 'baton: the service went away before it said anything to POST /stop (ECONNRESET)\n' })
})
