import type { RequestListener, ServerResponse } from 'node:http'
import t from 'tap'
import { request } from '../../helpers/raw-client.ts'
import { listen, signal } from '../listening-server.ts'

type Write = (response: ServerResponse) => void

const COOKIES = ['set-cookie: a=1', 'set-cookie: b=2']

/** What an application may do to keep the connection alive, with the other headers that it sends. */
const APPLICATIONS: ReadonlyArray<[name: string, write: Write, kept: readonly string[]]> = [
  ['nothing', (response) => { response.end() }, []],
  ['writeHead without headers', (response) => { response.writeHead(200).end() }, []],
  ['writeHead with an object', (response) => {
    response.writeHead(200, { Connection: 'keep-alive', 'Keep-Alive': 'timeout=5', 'x-a': 1, 'set-cookie': ['a=1', 'b=2'] }).end()
  }, ['x-a: 1', ...COOKIES]],
  ['writeHead with a reason and an object', (response) => {
    response.writeHead(200, 'Fine', { connection: 'keep-alive', 'x-a': '1' }).end()
  }, ['x-a: 1']],
  ['writeHead with an object in the third place', (response) => {
    response.writeHead(200, undefined, { connection: 'keep-alive', 'x-a': '1' }).end()
  }, ['x-a: 1']],
  ['writeHead with a flat list', (response) => {
    response.writeHead(200, ['connection', 'keep-alive', 'x-a', '1', 'set-cookie', 'a=1', 'set-cookie', 'b=2']).end()
  }, ['x-a: 1', ...COOKIES]],
  ['writeHead with a list of pairs', (response) => {
    const pairs = [['connection', 'keep-alive'], ['set-cookie', 'a=1'], ['x-a', '1'], ['Set-Cookie', 'b=2']]
    response.writeHead(200, pairs as never).end()
  }, [...COOKIES, 'x-a: 1']],
  ['writeHead with an empty list', (response) => { response.writeHead(200, []).end() }, []],
  ['a header three times', (response) => {
    response.writeHead(200, ['x-a', 1, 'X-A', ['2', '3'], 'x-a', 4] as never).end()
  }, ['x-a: 1', 'x-a: 2', 'x-a: 3', 'x-a: 4']],
  ['setHeader', (response) => {
    response.setHeader('Connection', 'keep-alive')
    response.setHeader('Keep-Alive', 'timeout=5')
    response.setHeader('x-a', '1')
    response.end()
  }, ['x-a: 1']],
  ['setHeader and writeHead', (response) => {
    response.setHeader('connection', 'keep-alive')
    response.setHeader('x-a', '1')
    response.setHeader('x-b', '1')
    response.writeHead(200, { connection: 'keep-alive', 'x-b': '2' }).end()
  }, ['x-a: 1', 'x-b: 2']],
  ['setHeaders', (response) => {
    response.setHeaders(new Map([['connection', 'keep-alive'], ['x-a', '1']]))
    response.end()
  }, ['x-a: 1']],
  ['removeHeader', (response) => {
    response.removeHeader('connection')
    response.end()
  }, []]
]

await t.test('the last answer says close, however the application asks for keep-alive', async (t) => {
  for (const [name, write, kept] of APPLICATIONS) {
    const { close, connect } = await listen(t, { '/': (_request, response) => { write(response) } })
    const client = await connect()
    const closed = close()

    const { status, headerLines } = await client.send(request('GET /')).answer()

    const lines = headerLines.map((line) => line.replace(/^[^:]*/, (header) => header.toLowerCase()))
    t.equal(status, 200, name)
    t.same(lines.filter((line) => /^(connection|keep-alive):/.test(line)), ['connection: close'], name)
    t.same(lines.filter((line) => /^(x-.|set-cookie):/.test(line)), kept, name)
    t.equal(await client.end(), 'FIN', name)
    await closed
  }
})

await t.test('before a drain the same answers keep the headers of the application', async (t) => {
  for (const [name, write, kept] of APPLICATIONS) {
    // Node itself does not accept these.
    if (['a header three times', 'writeHead with a list of pairs'].includes(name)) continue
    const { connect } = await listen(t, { '/': (_request, response) => { write(response) } })
    const client = await connect()

    const { headers } = await client.send(request('GET /')).answer()

    t.equal(headers.connection, name === 'removeHeader' ? undefined : 'keep-alive', name)
    t.equal(headers['x-a'], kept.some((line) => line.startsWith('x-a')) ? '1' : undefined, name)
    t.match(await client.send(request('GET /')).answer(), { status: 200 }, name)
  }
})

await t.test('an answer with others behind it says keep-alive, even if the application says close', async (t) => {
  const handlers: RequestListener[] = [
    (_request, response) => { response.writeHead(200, { Connection: 'close', 'x-a': '1' }).end() },
    (_request, response) => { response.writeHead(200, ['connection', 'close', 'x-a', '1']).end() },
    (_request, response) => {
      response.setHeader('connection', 'close')
      response.setHeader('x-a', '1')
      response.end()
    }
  ]
  for (const handler of handlers) {
    const { close, connect } = await listen(t, { '/': handler })
    const client = await connect()
    const closed = close()

    const answers = await client.send(request('GET /'), request('GET /')).answers(2)

    t.match(answers, [
      { headers: { connection: 'keep-alive', 'x-a': '1' } },
      { headers: { connection: 'close', 'x-a': '1' } }
    ])
    t.equal(await client.end(), 'FIN')
    await closed
  }
})

await t.test('a client that says close gets a close, even with an early answer', async (t) => {
  const { close, connect } = await listen(t, {
    '/': (_request, response) => { response.writeHead(200, { connection: 'close' }).end() }
  })
  const clients = [await connect(), await connect()]
  const closed = close()

  clients[0]?.send(request('GET /', { connection: 'close' }), request('GET /behind'))
  clients[1]?.send(request('POST /', { connection: 'close', 'content-length': '1000' }))

  for (const client of clients) {
    t.match(await client.answer(), { headers: { connection: 'close' } })
    t.equal(await client.end(), 'FIN')
  }
  await closed
})

await t.test('headers that were sent cannot be written again, and the connection stays open', async (t) => {
  const errors: unknown[] = []
  const work = signal()
  const { close, connect } = await listen(t, {
    '/stream': (_request, response) => {
      response.write('one ')
      work.on(() => {
        try { response.writeHead(200, { 'x-a': '1' }) } catch (error) { errors.push(error) }
        response.end('two')
      })
    }
  })
  const client = await connect()
  await client.send(request('GET /stream')).receives('one ')

  const closed = close()
  work.give()

  t.match(await client.answer(), { headers: { connection: 'keep-alive' }, body: 'one two' })
  t.match(errors, [{ code: 'ERR_HTTP_HEADERS_SENT' }])
  t.match(await client.send(request('GET /')).answer(), { headers: { connection: 'close' } })
  t.match(await closed, { closedByUse: 1 })
})
