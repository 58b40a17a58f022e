import type { Agent } from 'node:http'
import t from 'tap'
import { holdSocket } from '../helpers/held-socket.ts'
import { keepAlive, send } from '../helpers/http.ts'
import { serve } from '../helpers/program.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const skip = process.platform === 'linux' ? false : 'systemd is on Linux only'

/** Clients that send one request after the other and never retry. */
class Clients {
  readonly #url: string
  readonly #ends: Array<Promise<void>> = []
  readonly failures: string[] = []
  answers = 0
  #isOver = false

  constructor (url: string) {
    this.#url = url
  }

  /** @param agent without one, each request has a connection of its own */
  add (agent?: Agent): void {
    this.#ends.push((async () => {
      while (!this.#isOver) {
        try {
          const { status } = await send(this.#url, agent === undefined ? {} : { agent })
          if (status === 200) this.answers++
          else this.failures.push(String(status))
        } catch (error) {
          this.failures.push(`${agent === undefined ? 'new' : 'kept'}: ${(error as Error).message}`)
        }
      }
      agent?.destroy()
    })())
  }

  /** All of them get answers. */
  async progress (): Promise<void> {
    const before = this.answers
    await waitUntil(() => this.answers >= before + 4 * this.#ends.length, () => `answers; failures: ${this.failures.join()}`)
  }

  async stop (): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#ends)
  }
}

await t.test('five restarts under 32 clients with new connections and 8 with kept ones fail none of them', { skip }, async (t) => {
  const socket = holdSocket(t)
  const clients = new Clients(`http://127.0.0.1:${socket.port}`)
  let program = await serve(t, { socket })
  for (let client = 0; client < 32; client++) clients.add()
  for (let client = 0; client < 8; client++) clients.add(keepAlive())
  const ends: unknown[] = []

  for (let restart = 0; restart < 5; restart++) {
    await clients.progress()
    program.child.kill('SIGTERM')
    ends.push(await program.exit())
    program = await serve(t, { socket })
  }
  await clients.progress()
  await clients.stop()

  t.strictSame(clients.failures, [])
  t.strictSame(ends, Array(5).fill({ code: 0, signal: null }))
})
