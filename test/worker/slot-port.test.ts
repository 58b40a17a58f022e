import type { Server } from 'node:net'
import t, { type Test } from 'tap'
import { findFreePort } from '../helpers/free-port.ts'
import { listenOnSlotPort } from '../../src/worker/slot-port.ts'
import { connectRaw, request, type RawClient } from '../helpers/raw-client.ts'
import { listen, signal, soon, type Listening } from './listening-server.ts'

interface ListeningTwice extends Listening {
  readonly slotServer: Server
  readonly secondPort: number
  readonly connectSecond: () => Promise<RawClient>
}

async function listenTwice (t: Test, routes: Parameters<typeof listen>[1] = {}): Promise<ListeningTwice> {
  const listening = await listen(t, routes)
  const secondPort = await findFreePort()
  const slotServer = await listenOnSlotPort(listening.server, { host: '127.0.0.1', port: secondPort })
  return {
    ...listening,
    slotServer,
    secondPort,
    connectSecond: async () => {
      const connected = soon(listening.server, 'connection')
      const client = await connectRaw(t, secondPort)
      await connected
      return client
    }
  }
}

await t.test('one handler answers at both addresses', async (t) => {
  const { connect, connectSecond, handled } = await listenTwice(t)

  for (const client of [await connect(), await connectSecond()]) {
    t.match(await client.send(request('GET /')).answer(), { status: 200, headers: { connection: 'keep-alive' } })
  }

  t.same(handled, ['GET /', 'GET /'])
})

await t.test('close() stops accepting at both addresses, and waits for the connections of both', async (t) => {
  const work = signal()
  const { close, port, secondPort, connect, connectSecond, arrival } = await listenTwice(t, {
    '/slow': (_request, response) => { work.on(() => { response.end('late') }) }
  })
  const [idle, busy] = [await connect(), await connectSecond()]
  const arrived = arrival()
  busy.send(request('GET /slow'))
  await arrived

  const closed = close()
  for (const closedPort of [port, secondPort]) await t.rejects(connectRaw(t, closedPort), { code: 'ECONNREFUSED' })
  t.match(await idle.send(request('GET /')).answer(), { headers: { connection: 'close' } })
  t.equal(await idle.end(), 'FIN')
  t.equal(await Promise.race([closed, busy.socket.destroyed]), false, 'the request at the second address is still in flight')
  work.give()

  t.match(await busy.answer(), { headers: { connection: 'close' }, body: 'late' })
  t.equal(await busy.end(), 'FIN')
  t.match(await closed, { requests: 2, closedByUse: 2 })
})

await t.test('closing the two servers one by one waits for both, and may be repeated', async (t) => {
  const { server, slotServer, drain, connect, connectSecond } = await listenTwice(t)
  const [first, second] = [await connect(), await connectSecond()]
  const ended: string[] = []

  slotServer.close(() => { ended.push('slot server') })
  t.equal(server.listening, false)
  t.ok(drain.isDraining)
  server.close(() => { ended.push('server') })
  const all = new Promise<void>((resolve) => { server.close(() => { resolve() }) })
  server.close()

  t.match(await second.send(request('GET /')).answer(), { headers: { connection: 'close' } })
  t.equal(await second.end(), 'FIN')
  t.same(ended, [])
  t.match(await first.send(request('GET /')).answer(), { headers: { connection: 'close' } })
  await all

  t.same(ended, ['slot server', 'server'])
})

await t.test('a port that is taken is an error, and does not affect the server', async (t) => {
  const { server, port, connect } = await listen(t)

  await t.rejects(listenOnSlotPort(server, { host: '127.0.0.1', port }), { code: 'EADDRINUSE', message: new RegExp(`127.0.0.1:${port}`) })

  t.match(await (await connect()).send(request('GET /')).answer(), { status: 200 })
})
