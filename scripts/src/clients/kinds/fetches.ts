import { Agent, fetch as fetchOfUndici } from 'undici'

import { createClientKind, type ClientKind } from '../client-kind.ts'
import { fetchText, type Fetch } from '../library/fetch-text.ts'

const LONGEST_PAUSE = 300

/**
 * The `fetch` that is built into Node, with its own connections. Over TLS that of undici is used, because the
 * built-in one cannot accept a self-signed certificate.
 */
export function fetches (count: number): ClientKind {
  const traits = { name: 'fetch', count, isQuick: true }
  return {
    ...traits,
    async run (context) {
      const insecure = new Agent({ connect: { rejectUnauthorized: false } })
      const send: Fetch = context.target.isSecure
        ? async (url, options) => await fetchOfUndici(url, { ...options, dispatcher: insecure })
        : fetch
      const clients = createClientKind(traits, async (loop, { target, timeout }) => {
        await loop.run(async () => {
          const startedAt = performance.now()
          await fetchText(send, `${target.origin}/`, timeout, (body) => { loop.identify(body) })
          loop.answered(startedAt)
          await loop.pause(loop.between(0, LONGEST_PAUSE))
        })
      })
      await clients.run(context)
      await insecure.close()
    }
  }
}
