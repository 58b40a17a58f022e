import { setTimeout as sleep } from 'node:timers/promises'

import { StartedService } from '../service/started-service.ts'
import { childrenOf, processTree } from '../measure/process-tree.ts'
import type { BenchSettings } from './section.ts'

const START_TIMEOUT = 60_000
const STOP_TIMEOUT = 20_000

/** Bare Fastify has no such header either, which the load generator asks for. */
const PLAIN_ANSWERS = { WORKER_HEADER: 'false' }

type Environment = Readonly<Record<string, string>>

/**
 * @param variables on top of the environment
 * @returns Baton, with all of its workers ready
 */
export async function startBaton ({ paths, env }: BenchSettings, workers: number, variables: Environment = {}): Promise<StartedService> {
  const service = await StartedService.start(paths.program, { ...env, WORKERS: String(workers), ...PLAIN_ANSWERS, ...variables }, START_TIMEOUT)
  const deadline = performance.now() + START_TIMEOUT
  const pid = pidOf(service)
  // It answers as soon as the first of them is ready.
  while (childrenOf(pid).length < workers && performance.now() < deadline) await sleep(50)
  return service
}

export async function startBare ({ paths, env }: BenchSettings): Promise<StartedService> {
  return await StartedService.start(paths.bare, env, START_TIMEOUT)
}

/** Runs `work` with services that are stopped after it, whatever happens. */
export async function withServices<Result> (
  starts: ReadonlyArray<() => Promise<StartedService>>, work: (services: readonly StartedService[]) => Promise<Result>
): Promise<Result> {
  const services: StartedService[] = []
  try {
    for (const start of starts) services.push(await start())
    return await work(services)
  } finally {
    await Promise.all(services.map(async (service) => await service.process.stop(STOP_TIMEOUT)))
  }
}

export function pidOf (service: StartedService): number {
  const { pid } = service.process
  if (pid === undefined) throw new Error('the service has no pid')
  return pid
}

export function processesOf (service: StartedService): number[] {
  return processTree(pidOf(service))
}
