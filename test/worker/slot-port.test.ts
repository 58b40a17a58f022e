import type { Server } from 'node:net'
import t, { type Test } from 'tap'
import { findFreePort } from '../helpers/free-port.ts'
import { listenAlso } from '../../src/worker/slot-port.ts'
import { connectRaw, request, type RawClient } from '../helpers/raw-client.ts'
import { listen, signal, soon, type Listening } from './listening.ts'

interface Twice extends Listening {
  readonly gate: Server
  readonly secondPort: number
  readonly connectSecond: () => Promise<RawClient>
}

async function listenTwice (t: Test, routes: Parameters<typeof listen>[1] = {}): Promise<Twice> {
  const listening = await listen(t, routes)
  const secondPort = await findFreePort()
  const gate = await listenAlso(listening.server, { host: '127.0.0.1', port: secondPort })
  return {
    ...listening,
    gate,
    secondPort,
    connectSecond: async () => {
      const connected = soon(listening.server, 'connection')
      const client = await connectRaw(t, secondPort)
      await connected
      return client
    }
  }
}

await t.test('both addresses are answered by one handler', async (t) => {
  const { connect, connectSecond, handled } = await listenTwice(t)

  for (const client of [await connect(), await connectSecond()]) {
    t.match(await client.send(request('GET /')).answer(), { status: 200, headers: { connection: 'keep-alive' } })
  }

  t.same(handled, ['GET /', 'GET /'])
})

await t.test('a close ends accepting at both, and waits for the connections of both', async (t) => {
  const work = signal()
  const { close, port, secondPort, connect, connectSecond, arrival } = await listenTwice(t, {
    '/slow': (_request, response) => { work.on(() => { response.end('late') }) }
  })
  const [idle, busy] = [await connect(), await connectSecond()]
  const arrived = arrival()
  busy.send(request('GET /slow'))
  await arrived

  const closed = close()
  for (const gone of [port, secondPort]) await t.rejects(connectRaw(t, gone), { code: 'ECONNREFUSED' })
  t.match(await idle.send(request('GET /')).answer(), { headers: { connection: 'close' } })
  t.equal(await idle.end(), 'FIN')
  t.equal(await Promise.race([closed, busy.socket.destroyed]), false, 'the request at the second address is still under way')
  work.give()

  t.match(await busy.answer(), { headers: { connection: 'close' }, body: 'late' })
  t.equal(await busy.end(), 'FIN')
  t.match(await closed, { requests: 2, closedByUse: 2 })
})

await t.test('whoever closes the two one by one waits for both as well, as often as wanted', async (t) => {
  const { server, gate, drain, connect, connectSecond } = await listenTwice(t)
  const [first, second] = [await connect(), await connectSecond()]
  const ended: string[] = []

  gate.close(() => { ended.push('gate') })
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

  t.same(ended, ['gate', 'server'])
})

await t.test('a port that is taken is an error, and the server goes on', async (t) => {
  const { server, port, connect } = await listen(t)

  await t.rejects(listenAlso(server, { host: '127.0.0.1', port }), { code: 'EADDRINUSE', message: new RegExp(`127.0.0.1:${port}`) })

  t.match(await (await connect()).send(request('GET /')).answer(), { status: 200 })
})
