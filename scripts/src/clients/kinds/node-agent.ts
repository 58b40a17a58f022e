import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'

import { createClientKind, type ClientKind } from '../client-kind.ts'
import { getByAgent } from '../library/node-get.ts'

const LONGEST_PAUSE = 300

/** Node's own client with a keep-alive agent, as most Node libraries use it: one agent for all clients. */
export function nodeAgent (count: number): ClientKind {
  const traits = { name: 'keep-alive (http.Agent)', count, isQuick: true }
  return {
    ...traits,
    async run (context) {
      const options = { keepAlive: true, maxSockets: count, rejectUnauthorized: false }
      const agent = context.target.isSecure ? new HttpsAgent(options) : new HttpAgent(options)
      const clients = createClientKind(traits, async (loop, { target, timeout }) => {
        await loop.run(async () => {
          const startedAt = performance.now()
          await getByAgent(agent, target, '/', timeout, (body) => { loop.identify(body) })
          loop.answered(startedAt)
          await loop.pause(loop.between(0, LONGEST_PAUSE))
        })
      })
      await clients.run(context)
      agent.destroy()
    }
  }
}
