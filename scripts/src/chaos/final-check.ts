import { Connection } from '../clients/raw/connection.ts'
import { requestHead } from '../clients/raw/raw-request.ts'
import { RequestFailure } from '../clients/request-failure.ts'
import type { Target } from '../clients/target.ts'
import type { PoolWatch } from './pool-watch.ts'
import { LAST_RELEASE } from './releases.ts'

/** New connections for each slot, so that every worker gets some of them. */
const CONNECTIONS_PER_SLOT = 4

interface Answer {
  readonly release?: unknown
  readonly slot?: unknown
  readonly generation?: unknown
}

/**
 * Checks the pool after the last reload, which brought the release `good-last`.
 *
 * @param workers how many there should be
 * @returns what is wrong; nothing when all is well
 */
export async function checkPool (target: Target, pool: PoolWatch, workers: number, timeout: number): Promise<string[]> {
  const generation = pool.generationOf(LAST_RELEASE)
  const ready = pool.alive.filter(({ state }) => state !== 'draining')
  const problems = ready.every((worker) => worker.generation === generation && worker.state === 'ready') && hasSlots(ready, workers)
    ? []
    : [`the pool is not complete: ${ready.map(({ slot, generation, state }) => `${slot}/${generation} ${state}`).join(', ')}`]

  const slots = new Set<unknown>()
  for (let turn = 0; turn < CONNECTIONS_PER_SLOT * workers; turn++) {
    try {
      const answer = await ask(target, timeout)
      slots.add(answer.slot)
      if (answer.release !== LAST_RELEASE || answer.generation !== generation) problems.push(`a new connection was answered by ${JSON.stringify(answer)}`)
    } catch (error) {
      if (!(error instanceof RequestFailure)) throw error
      problems.push(`a new connection failed: ${error.message}`)
    }
  }
  if (slots.size !== workers) problems.push(`only ${slots.size} of ${workers} slots answered`)
  return problems
}

function hasSlots (ready: ReadonlyArray<{ readonly slot: number }>, workers: number): boolean {
  return ready.map(({ slot }) => slot).sort((one, other) => one - other).join() === Array.from({ length: workers }, (_, slot) => slot).join()
}

async function ask (target: Target, timeout: number): Promise<Answer> {
  const connection = await Connection.open(target, timeout)
  try {
    connection.request(requestHead(target, 'GET', '/release', ['Connection: close']))
    const { body } = await connection.next(timeout)
    return JSON.parse(body.toString()) as Answer
  } finally {
    connection.close()
  }
}
