import { request, type IncomingMessage } from 'node:http'
import { EVENT_STREAM } from '../protocol/control-api.ts'
import { RequestRefusedError, ServiceWentAwayError, StrangeAnswerError } from '../errors.ts'

/** Characters of an answer that cannot be parsed which its error shows. */
const EXCERPT_LENGTH = 60

type Method = 'GET' | 'POST'

/** A client of the control socket of one instance. */
export class Client {
  readonly #socket: string
  readonly #signal: AbortSignal

  /** @param signal ends all requests, which then throw its reason */
  constructor (socket: string, signal: AbortSignal) {
    this.#socket = socket
    this.#signal = signal
  }

  /**
   * @returns the answer, whose fields are not checked
   * @throws an error of the connection, RequestRefusedError, ServiceWentAwayError, StrangeAnswerError
   */
  async ask<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
    const response = await this.#send(method, path, 'application/json', body)
    return parse(`${method} ${path}`, await this.#text(response, `${method} ${path}`)) as Answer
  }

  /**
   * Requests a stream of events.
   *
   * @param awaited what the command waits for, for the error when the connection is lost
   * @returns its lines; the connection is closed when the caller stops reading
   */
  async * stream (path: string, body: object, awaited: () => string): AsyncGenerator<string> {
    const response = await this.#send('POST', path, EVENT_STREAM, body)
    let rest = ''
    try {
      for await (const chunk of response.setEncoding('utf8')) {
        const lines = (rest + String(chunk)).split('\n')
        rest = lines.pop() as string
        yield * lines.filter((line) => line !== '')
      }
    } catch (error) {
      throw this.#lost(error, awaited())
    }
  }

  async #send (method: Method, path: string, accept: string, body: object | undefined): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      accept,
      ...text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { socketPath: this.#socket, method, path, headers, agent: false, signal: this.#signal }
      const sent = request(options, resolve)
      sent.on('error', (error) => {
        const isConnected = (error as NodeJS.ErrnoException).syscall !== 'connect'
        const isLost = isConnected || this.#signal.aborted
        reject(isLost ? this.#lost(error, `an answer to ${method} ${path}`) : error)
      })
      sent.end(text)
    })
    if (response.statusCode !== 200) await this.#refuse(response, `${method} ${path}`)
    return response
  }

  async #refuse (response: IncomingMessage, asked: string): Promise<never> {
    const problem = parse(asked, await this.#text(response, asked)) as { message?: unknown }
    if (typeof problem.message !== 'string') throw new StrangeAnswerError(asked, `status ${response.statusCode}`)
    throw new RequestRefusedError(problem.message)
  }

  async #text (response: IncomingMessage, asked: string): Promise<string> {
    let text = ''
    try {
      for await (const chunk of response.setEncoding('utf8')) text += String(chunk)
    } catch (error) {
      throw this.#lost(error, `the rest of the answer to ${asked}`)
    }
    return text
  }

  #lost (error: unknown, awaited: string): unknown {
    if (this.#signal.aborted) return this.#signal.reason
    return new ServiceWentAwayError(awaited, String((error as NodeJS.ErrnoException).code))
  }
}

/** @throws StrangeAnswerError when the text is not a JSON object */
export function parse (asked: string, text: string): object {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    // Reported below.
  }
  if (typeof answer !== 'object' || answer === null) throw new StrangeAnswerError(asked, text.slice(0, EXCERPT_LENGTH))
  return answer
}
