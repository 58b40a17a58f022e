import { childrenOf, processTree } from '../measure/process-tree.ts'
import { StartedService } from '../service/started-service.ts'
import { waitFor } from '../service/wait-for.ts'
import type { BenchSettings } from './section.ts'

const START_TIMEOUT = 60_000
const STOP_TIMEOUT = 20_000

/** Bare Fastify does not send this header either. */
const WITHOUT_WORKER_HEADER = { WORKER_HEADER: 'false' }

type Environment = Readonly<Record<string, string>>

/**
 * @param variables on top of the environment
 * @returns Baton, with all of its workers ready
 */
export async function startBaton ({ paths, env }: BenchSettings, workers: number, variables: Environment = {}): Promise<StartedService> {
  const service = await StartedService.start(paths.program, { ...env, WORKERS: String(workers), ...WITHOUT_WORKER_HEADER, ...variables }, START_TIMEOUT)
  const pid = pidOf(service)
  // It answers as soon as the first worker is ready.
  await waitFor(() => childrenOf(pid).length >= workers, START_TIMEOUT)
  return service
}

export async function startBare ({ paths, env }: BenchSettings): Promise<StartedService> {
  return await StartedService.start(paths.bare, env, START_TIMEOUT)
}

/** Runs `work` with services that are stopped afterwards, also after an error. */
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
