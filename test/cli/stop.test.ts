import t from 'tap'
import { stop } from '../../src/cli/stop.ts'
import { waitUntil } from '../helpers/wait-until.ts'
import { aStatus, fakeService, json, type FakeService } from './fake-service.ts'
import { recordOutput } from './recorded-output.ts'
import { run } from './run.ts'

/** A service that stops listening after its answer, as the real one does. */
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

await t.test('it says that the service has stopped, and with which code if that is not 0', async (t) => {
  t.strictSame(await run(['stop', '--socket', (await stopping(t, 0)).socket]), { code: 0, out: 'stopped\n', err: '' })
  t.strictSame(await run(['stop', '--socket', (await stopping(t, 1)).socket]), { code: 1, out: '', err: 'baton: stopped with code 1: the stop was forced, or requests were cut\n' })
  t.strictSame(await run(['stop', '--json', '--socket', (await stopping(t, 4)).socket]), { code: 1, out: '{"code":4}\n', err: '' })
})

await t.test('it waits until the socket no longer answers and the process has exited', async (t) => {
  const service = await fakeService(t, { 'POST /stop': (response) => { json(response, { code: 0 }) } })
  const output = recordOutput({ isTerminal: true })
  let [isRunning, looks] = [true, 0]
  const command = { command: 'stop', json: false, socket: undefined, timeout: 0 } as const
  const stopping = stop({ socket: service.socket, status: aStatus() }, command, output, new AbortController().signal, () => {
    looks++
    return isRunning
  })

  await waitUntil(() => service.asked.length > 3, () => 'another look at the service')
  t.equal(looks, 1, 'it answers, so its process runs')
  service.server.close()
  await waitUntil(() => looks > 3, () => 'another look at the process')
  t.notMatch(output.out(), 'stopped')
  isRunning = false

  t.equal(await stopping, 0)
  t.match(output.out(), /stopping process \d+\n.*stopped\n$/s)
})

await t.test('it waits until --timeout for a process that does not exit', async (t) => {
  const { socket } = await stopping(t, 0, process.pid)

  t.match(await run(['stop', '--timeout', '0.3', '--socket', socket]), { code: 1, err: 'baton: not done after 0.3 s; the service continues to stop\n' })
})

await t.test('a process of another user counts as running too', { skip: process.getuid?.() === 0 ? 'root may signal every process' : false }, async (t) => {
  const { socket } = await stopping(t, 0, 1)

  t.match(await run(['stop', '--timeout', '0.3', '--socket', socket]), { code: 1, err: 'baton: not done after 0.3 s; the service continues to stop\n' })
})

await t.test('it stops waiting after --timeout for a service that hangs', async (t) => {
  const hangs = await fakeService(t, { 'POST /stop': () => {} })
  t.match(await run(['stop', '--timeout', '0.2', '--socket', hangs.socket]), { code: 1, err: 'baton: not done after 0.2 s; the service continues to stop\n' })

  const stays = await fakeService(t, { 'POST /stop': (response) => { json(response, { code: 0 }) } })
  t.match(await run(['stop', '--timeout', '0.2', '--socket', stays.socket]), { code: 1, err: /not done after/ })

  let isAsked = false
  const mute = await fakeService(t, {
    'GET /status': (response) => { if (!isAsked) json(response, aStatus()) },
    'POST /stop': (response) => {
      isAsked = true
      json(response, { code: 0 })
    }
  })
  t.match(await run(['stop', '--timeout', '0.2', '--socket', mute.socket]), { code: 1, err: /not done after/ })
})

await t.test('a service that dies instead is an error', async (t) => {
  const { socket } = await fakeService(t, { 'POST /stop': (response) => { response.socket?.destroy() } })

  t.match(await run(['stop', '--socket', socket]), { code: 1, err: 'baton: lost the connection to the service while waiting for an answer to POST /stop (ECONNRESET)\n' })
})
