import { on, once } from 'node:events'
import { request } from 'node:http'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import { addAbortSignal } from 'node:stream'
import { text } from 'node:stream/consumers'

import type { Test } from 'tap'

import { deadline } from './build-app.ts'

/** Starts a request on a new connection, which is closed at the end of the test. */
export function open (t: Test, server: AddressInfo, options: RequestOptions): ClientRequest {
  const client = request({ host: server.address, port: server.port, agent: false, ...options })
  t.teardown(() => client.destroy())
  // "socket hang up" is expected when the client disconnects or the worker crashes.
  client.on('error', () => {})
  return client
}

export async function answerTo (client: ClientRequest): Promise<IncomingMessage> {
  const [answer] = await once(client, 'response', { signal: deadline() })
  return answer
}

/** Reads until the wanted text has arrived, then pauses. */
export async function readUntil (answer: IncomingMessage, wanted: string): Promise<string> {
  const chunks = on(answer, 'data', { signal: deadline(), close: ['end', 'close'] })
  let received = ''
  answer.resume()
  for await (const [chunk] of chunks) {
    received += chunk
    if (received.includes(wanted)) break
  }
  answer.pause()
  return received
}

/** Reads the rest; fails when the answer is cut short. */
export async function readToEnd (answer: IncomingMessage): Promise<string> {
  return text(addAbortSignal(deadline(), answer))
}
