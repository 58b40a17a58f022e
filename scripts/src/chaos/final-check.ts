import { setTimeout as sleep } from 'node:timers/promises'

import { Connection } from '../clients/raw/connection.ts'
import { requestHead } from '../clients/raw/raw-request.ts'
import { RequestFailure } from '../clients/request-failure.ts'
import type { Target } from '../clients/target.ts'
import type { PoolWatch } from './pool-watch.ts'
import { LAST } from './releases.ts'

const LOOK_INTERVAL = 20
const ROUNDS = 4

interface Answer {
  readonly release?: unknown
  readonly slot?: unknown
  readonly generation?: unknown
}

/**
 * Says what is wrong with the pool after the last reload, which brought the release `good-last`.
 *
 * @param workers how many there should be
 */
export async function checkPool (target: Target, pool: PoolWatch, workers: number, timeout: number): Promise<string[]> {
  const generation = pool.generationOf(LAST)
  const ready = pool.alive.filter(({ state }) => state !== 'draining')
  const problems = ready.every((worker) => worker.generation === generation && worker.state === 'ready') && hasSlots(ready, workers)
    ? []
    : [`the pool is not complete: ${ready.map(({ slot, generation, state }) => `${slot}/${generation} ${state}`).join(', ')}`]

  const slots = new Set<unknown>()
  for (let turn = 0; turn < ROUNDS * workers; turn++) {
    try {
      const answer = await ask(target, timeout)
      slots.add(answer.slot)
      if (answer.release !== LAST || answer.generation !== generation) problems.push(`a new connection was answered by ${JSON.stringify(answer)}`)
    } catch (error) {
      if (!(error instanceof RequestFailure)) throw error
      problems.push(`a new connection failed: ${error.message}`)
    }
  }
  if (slots.size !== workers) problems.push(`of ${workers} slots, only ${slots.size} answered`)
  return problems
}

/** @returns whether it became true in time */
export async function waitFor (isTrue: () => boolean, timeout: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + timeout
  while (!isTrue()) {
    if (performance.now() > deadline || signal?.aborted === true) return false
    await sleep(LOOK_INTERVAL)
  }
  return true
}

/** @returns whether a process is there */
export function isAlive (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
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
