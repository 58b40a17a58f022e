import { Agent, request, type IncomingHttpHeaders } from 'node:http'
import { request as requestSecurely, type RequestOptions } from 'node:https'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Hello {
  readonly slot: number
  readonly generation: number
  readonly pid: number
  readonly [field: string]: unknown
}

/** One request on a connection of its own, unless an agent is given. Rejects when there is no whole answer. */
export async function send (url: string, options: RequestOptions & { body?: string } = {}): Promise<Answer> {
  const { body, ...rest } = options
  return await new Promise((resolve, reject) => {
    const sent = (url.startsWith('https:') ? requestSecurely : request)(url, { agent: false, ...rest }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => { text += String(chunk) })
      response.on('error', reject)
      response.on('end', () => { resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }) })
    })
    sent.on('error', reject)
    sent.setTimeout(30_000, () => { sent.destroy(new Error('no answer within 30 s')) })
    sent.end(body)
  })
}

/** @returns who answers a new connection */
export async function hello (url: string, options: RequestOptions = {}): Promise<Hello> {
  return JSON.parse((await send(url, options)).body)
}

/** An agent that keeps one connection. */
export function keepAlive (): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 })
}
