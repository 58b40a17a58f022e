import { SlotPortTooHighError } from '../../errors.ts'
import { waitForPort } from './ports.ts'

const MAX_PORT = 65535

/** One port for each slot: slot 0 has the base, and each further slot has the next port. */
export class SlotPorts {
  readonly #host: string
  readonly #base: number

  constructor (host: string, base: number) {
    this.#host = host
    this.#base = base
  }

  /**
   * Checks that slots can have their ports before workers are started for them: a worker that cannot listen would
   * crash and be restarted in a loop.
   *
   * @param from first slot
   * @param to slot after the last one
   * @throws SlotPortTooHighError, PortInUseError, PortUnusableError
   */
  async check (from: number, to: number): Promise<void> {
    for (let slot = from; slot < to; slot++) {
      const port = this.#base + slot
      if (port > MAX_PORT) throw new SlotPortTooHighError(slot, this.#base, port)
      await waitForPort('SLOT_PORT_BASE', this.#host, port, `SLOT_PORT_BASE, slot ${slot}`)
    }
  }
}
