import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { Client } from '../../src/cli/client.ts'
import { Deadline } from '../../src/cli/deadline.ts'
import { waitUntil } from '../helpers/wait-until.ts'
import { fakeService, json, socketFolder } from './fake-service.ts'

const forever = (): AbortSignal => new AbortController().signal

async function read (stream: AsyncIterable<string>): Promise<string[]> {
  const lines: string[] = []
  for await (const line of stream) lines.push(line)
  return lines
}

await t.test('the body of a request is JSON, and so is that of the answer', async (t) => {
  const service = await fakeService(t, { 'POST /scale': (response, body) => { json(response, { got: body }) } })

  t.strictSame(await new Client(service.socket, forever()).ask('POST', '/scale', { workers: 3 }), { got: { workers: 3 } })
  t.strictSame(service.asked, ['POST /scale {"workers":3}'])
})

await t.test('a refused request throws the message of the service', async (t) => {
  for (const status of [400, 404, 409]) {
    const service = await fakeService(t, { 'POST /scale': (response) => { json(response, { statusCode: status, error: 'No', message: 'the service is stopping' }, status) } })

    await t.rejects(new Client(service.socket, forever()).ask('POST', '/scale', {}), { code: 'BATON_REQUEST_REFUSED', message: 'the service is stopping' })
  }
})

await t.test('answers of other programs are named', async (t) => {
  const service = await fakeService(t, {
    'GET /text': (response) => { response.end('hello') },
    'GET /null': (response) => { response.end('null') },
    'GET /502': (response) => { json(response, {}, 502) }
  })
  const client = new Client(service.socket, forever())

  await t.rejects(client.ask('GET', '/text'), { code: 'BATON_STRANGE_ANSWER', message: 'the answer to GET /text does not come from Baton: hello' })
  await t.rejects(client.ask('GET', '/null'), { code: 'BATON_STRANGE_ANSWER' })
  await t.rejects(client.ask('GET', '/502'), { code: 'BATON_STRANGE_ANSWER', message: /status 502/ })
})

await t.test('lines of a stream arrive whole, however the bytes are split', async (t) => {
  const bytes = Buffer.from('{"a":"→"}\n\n{"b":2}\n{"half":')
  const service = await fakeService(t, {
    'POST /reload': (response) => {
      response.flushHeaders()
      const write = (index: number): void => {
        if (index === bytes.length) response.end()
        else response.write(bytes.subarray(index, index + 1), () => { setImmediate(write, index + 1) })
      }
      write(0)
    }
  })

  t.strictSame(await read(new Client(service.socket, forever()).stream('/reload', {}, () => '')), ['{"a":"→"}', '{"b":2}'])
})

await t.test('an error about a lost connection says what the command waited for', async (t) => {
  const service = await fakeService(t, {
    'POST /reload': (response) => { response.write('{"a":1}\n', () => { response.socket?.destroy() }) },
    'GET /head': (response) => { response.socket?.destroy() },
    'GET /body': (response) => { response.writeHead(200, { 'content-length': 100 }).write('{', () => { response.socket?.destroy() }) }
  })
  const client = new Client(service.socket, forever())

  await t.rejects(read(client.stream('/reload', {}, () => 'the end')), { code: 'BATON_SERVICE_WENT_AWAY', message: 'lost the connection to the service while waiting for the end (ECONNRESET)' })
  await t.rejects(client.ask('GET', '/head'), { code: 'BATON_SERVICE_WENT_AWAY', message: /for an answer to GET \/head/ })
  await t.rejects(client.ask('GET', '/body'), { code: 'BATON_SERVICE_WENT_AWAY', message: /for the rest of the answer to GET \/body/ })
})

await t.test('an answer that is not HTTP counts as a lost connection', async (t) => {
  const socket = join(socketFolder(t), 'other.sock')
  const server = createServer((connection) => { connection.end('hello\n') }).listen(socket)
  t.teardown(() => { server.close() })
  await once(server, 'listening')

  await t.rejects(new Client(socket, forever()).ask('GET', '/status'), { code: 'BATON_SERVICE_WENT_AWAY', message: /HPE_/ })
})

await t.test('where no process listens, the error is that of the system', async (t) => {
  await t.rejects(new Client(join(socketFolder(t), 'none.sock'), forever()).ask('GET', '/status'), { code: 'ENOENT' })
})

await t.test('the deadline ends a request and a stream, before and after their first bytes', async (t) => {
  const service = await fakeService(t, {
    'GET /silent': () => {},
    'GET /slow': (response) => { response.writeHead(200).write('{') },
    'POST /reload': (response) => { response.write('{"a":1}\n') }
  })
  const timeout = { code: 'BATON_COMMAND_TIMEOUT', message: 'not done after 0.1 s; it continues' }

  for (const ask of [
    async (client: Client) => await client.ask('GET', '/silent'),
    async (client: Client) => await client.ask('GET', '/slow'),
    async (client: Client) => await read(client.stream('/reload', {}, () => 'the end'))
  ]) {
    const deadline = new Deadline(100, forever(), 'it continues')
    await t.rejects(ask(new Client(service.socket, deadline.signal)), timeout)
    deadline.clear()
  }
})

await t.test('Ctrl-C ends it too, even before it has begun', async (t) => {
  const service = await fakeService(t, { 'GET /silent': () => {} })
  const user = new AbortController()
  const deadline = new Deadline(60_000, user.signal, 'it continues')
  const asking = new Client(service.socket, deadline.signal).ask('GET', '/silent')
  await Promise.race([asking.catch(() => {}), waitUntil(() => service.asked.length > 0, () => 'the request')])

  user.abort()

  await t.rejects(asking, { code: 'BATON_INTERRUPTED', message: 'interrupted; it continues' })
  deadline.clear()
  const late = new Deadline(60_000, user.signal, 'it continues')
  await t.rejects(new Client(service.socket, late.signal).ask('GET', '/status'), { code: 'BATON_INTERRUPTED' })
  late.clear()
})

await t.test('a caller that stops reading closes the connection', async (t) => {
  let isClosed = false
  const service = await fakeService(t, {
    'POST /reload': (response) => {
      response.on('close', () => { isClosed = true })
      response.write('{"a":1}\n')
    }
  })

  const lines = new Client(service.socket, forever()).stream('/reload', {}, () => '')
  t.equal((await lines.next()).value, '{"a":1}')
  await lines.return(undefined)

  await waitUntil(() => isClosed, () => 'the end of the connection')
  t.ok(isClosed)
})
