import t from 'tap'
import { request } from '../../helpers/raw-client.ts'
import { listen } from '../listening-server.ts'

const MINUTE = 60_000
const BODY = 'x'.repeat(1000)
const UPLOAD = request('POST /', { 'content-length': String(BODY.length) })

await t.test('a client that only uploads, and is answered early, does not hold up the drain', async (t) => {
  const { close, connect } = await listen(t, { '/': (_request, response) => { response.end('early') } })
  const client = await connect()
  const closed = close()

  client.send(UPLOAD)
  t.match(await client.answer(), { headers: { connection: 'keep-alive' } })
  client.send(BODY, UPLOAD)
  t.match(await client.answer(), { headers: { connection: 'close' } })
  t.ok(client.isQuiet, 'no FIN before the request has been read')
  client.send(BODY)

  t.equal(await client.end(), 'FIN')
  t.match(await closed, { requests: 2, closedByUse: 1, closedAtDeadline: 0 })
})

await t.test('an answer that is streamed back during the upload is complete, even if it closes the connection', async (t) => {
  const { close, connect } = await listen(t, {
    '/': (received, response) => {
      response.writeHead(200, { 'content-length': String(BODY.length) })
      received.pipe(response)
    }
  })
  const client = await connect()
  const closed = close()

  for (const connection of ['keep-alive', 'close']) {
    client.send(UPLOAD, BODY.slice(0, 500))
    await client.receives('xxx')
    client.send(BODY.slice(500))
    t.match(await client.answer(), { headers: { connection }, body: BODY })
  }

  t.equal(await client.end(), 'FIN')
  await closed
})

await t.test('the wait for the rest of an upload ends at the deadline', async (t) => {
  const clock = { now: 0 }
  const { drain, close, connect } = await listen(t, { '/': (_request, response) => { response.end('early') } }, {}, () => clock.now)
  const client = await connect()
  drain.setLimits({ timeout: MINUTE })
  const closed = close()
  client.send(UPLOAD)
  await client.answer()
  client.send(BODY, UPLOAD)
  t.match(await client.answer(), { headers: { connection: 'close' } })

  clock.now += MINUTE - 1000
  drain.setLimits({ timeout: 1000 })
  clock.now += 600
  drain.setLimits({ timeout: 400 })
  clock.now += 300
  drain.setLimits({ timeout: 100 })
  clock.now += 60
  drain.setLimits({ timeout: 0 })

  t.equal(await client.end(), 'FIN')
  t.match(await closed, { closedByUse: 1 })
})
