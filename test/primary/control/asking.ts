import { request, type IncomingHttpHeaders } from 'node:http'
import { DEADLINE } from '../../helpers/wait-until.ts'

export interface Asked {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly json: any
}

export interface Question {
  readonly method?: string
  readonly body?: unknown
  /** Sent as it is, with any content type. */
  readonly raw?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Receives each line as it arrives. */
  readonly line?: (line: any) => void
}

/** One request on a UNIX socket, on a connection of its own. */
export async function ask (socketPath: string, path: string, { method = 'GET', body, raw, headers = {}, line }: Question = {}): Promise<Asked> {
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  return await new Promise((resolve, reject) => {
    const sent = request({
      socketPath, path, method, agent: false, timeout: DEADLINE, headers: { ...text === undefined ? {} : { 'content-type': 'application/json' }, ...headers }
    }, (response) => {
      let received = ''
      let reported = 0
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        received += String(chunk)
        const lines = line === undefined ? [] : received.slice(reported).split('\n').slice(0, -1)
        for (const one of lines) line?.(JSON.parse(one))
        reported += lines.reduce((sum, one) => sum + one.length + 1, 0)
      })
      response.on('error', reject)
      response.on('end', () => {
        const isJson = response.headers['content-type']?.startsWith('application/json') === true
        resolve({ status: Number(response.statusCode), headers: response.headers, text: received, json: isJson ? JSON.parse(received) : undefined })
      })
    })
    sent.on('error', reject)
    sent.on('timeout', () => { sent.destroy(new Error(`no answer to ${path}`)) })
    sent.end(text)
  })
}
