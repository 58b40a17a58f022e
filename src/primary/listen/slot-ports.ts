import { once } from 'node:events'
import { createServer } from 'node:net'
import { SlotPortTakenError, SlotPortTooHighError } from '../../errors.ts'

const MAX_PORT = 65535

/** The ports that reach one slot each: the first one's, and one more for each further slot. */
export class SlotPorts {
  readonly #host: string
  readonly #base: number

  constructor (host: string, base: number) {
    this.#host = host
    this.#base = base
  }

  /**
   * Looks whether slots can have their ports before anybody is started for them: a worker that cannot listen
   * would be started again and again.
   *
   * @param from first slot
   * @param to slot after the last one
   * @throws SlotPortTooHighError, SlotPortTakenError
   */
  async check (from: number, to: number): Promise<void> {
    for (let slot = from; slot < to; slot++) await this.#checkOne(slot)
  }

  async #checkOne (slot: number): Promise<void> {
    const port = this.#base + slot
    if (port > MAX_PORT) throw new SlotPortTooHighError(slot, this.#base, port)
    const server = createServer()
    try {
      await once(server.listen(port, this.#host), 'listening')
    } catch (error) {
      throw new SlotPortTakenError(slot, (error as Error).message)
    }
    await new Promise((resolve) => { server.close(resolve) })
  }
}
