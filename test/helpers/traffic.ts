import { Agent, type RequestOptions } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { send } from './http.ts'
import { waitUntil } from './wait-until.ts'

/** What each client does over and over; none of them retries. */
const KINDS = ['keep-alive', 'keep-alive with pauses', 'new connections'] as const
/** Bytes of a body that does not fit into one segment or one buffer. */
const BODY = 'x'.repeat(100_000)
/** Milliseconds of the longest pause between two requests: connections are idle when a reload finds them. */
const LONGEST_PAUSE = 200
/** The same for clients that are busy, and leave the machine to others. */
const SHORT_PAUSE = 20

export interface TrafficOptions extends Pick<RequestOptions, 'port' | 'socketPath'> {
  readonly headers?: Readonly<Record<string, string>>
  /** Clients of each kind. */
  readonly count?: number
  /** Looks at every answer to `GET /`; throws when it is not right. */
  readonly check?: (body: string) => void
}

/** Clients of the built-in application, which note everything that is not as it should be. */
export class Traffic {
  readonly failures: string[] = []
  answers = 0
  readonly #options: Pick<TrafficOptions, 'port' | 'socketPath' | 'headers'>
  readonly #check: (body: string) => void
  readonly #clients: ReadonlyArray<Promise<void>>
  #isOver = false

  constructor ({ count = 2, check = () => {}, ...options }: TrafficOptions) {
    this.#options = options
    this.#check = check
    this.#clients = KINDS.flatMap((kind) => Array.from({ length: count }, async () => { await this.#run(kind) }))
  }

  /** Until so many further answers have come, or something has failed. */
  async goesOn (answers = 100): Promise<void> {
    const enough = this.answers + answers
    await waitUntil(() => this.answers >= enough || this.failures.length > 0, () => `${answers} further answers`)
  }

  /** @returns what failed */
  async end (): Promise<string[]> {
    this.#isOver = true
    await Promise.all(this.#clients)
    return this.failures
  }

  async #run (kind: typeof KINDS[number]): Promise<void> {
    const agent = kind === 'new connections' ? false : new Agent({ keepAlive: true, maxSockets: 1 })
    for (let count = 0; !this.#isOver; count++) {
      const isUpload = count % 2 === 1
      try {
        await this.#ask(isUpload, agent)
        this.answers++
      } catch (error) {
        const { code = '', message } = error as NodeJS.ErrnoException
        this.failures.push(`${new Date().toISOString()} ${kind}, ${isUpload ? 'POST' : 'GET'}: ${code} ${message}`)
      }
      await pause(Math.random() * (kind === 'keep-alive with pauses' ? LONGEST_PAUSE : SHORT_PAUSE))
    }
    if (agent !== false) agent.destroy()
  }

  async #ask (isUpload: boolean, agent: Agent | false): Promise<void> {
    const { status, body } = await send('http://127.0.0.1', {
      ...this.#options,
      agent,
      ...isUpload ? { method: 'POST', path: '/echo', body: BODY, headers: { ...this.#options.headers, 'content-type': 'text/plain' } } : { path: '/' }
    })
    if (status !== 200) throw new Error(`status ${status}: ${body}`)
    if (isUpload && body !== BODY) throw new Error(`${body.length} bytes came back of ${BODY.length}`)
    if (!isUpload) this.#check(body)
  }
}

/** Starts clients, which stop at the latest when the test ends. */
export function startTraffic (t: Test, options: TrafficOptions): Traffic {
  const traffic = new Traffic(options)
  t.teardown(async () => { await traffic.end() })
  return traffic
}
