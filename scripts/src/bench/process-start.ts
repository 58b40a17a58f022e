import { fork as forkProcess, type ChildProcess } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'

import { exactCpuTime } from '../measure/process-tree.ts'

/** How long one start took, in milliseconds. */
export interface StartTime {
  readonly wall: number
  /** CPU time of the process by then, which a busy machine disturbs less. */
  readonly cpu: number
}

const TIMEOUT = 60_000

/** The signal that ends a process after it has been timed. */
export type EndSignal = 'SIGKILL' | 'SIGUSR2'

/**
 * Forks a worker as the primary does, and waits until it listens and has reported that it is ready.
 *
 * @throws Error when it exits first, or takes longer than a minute
 */
export async function timeWorker (program: string, env: NodeJS.ProcessEnv, end: EndSignal = 'SIGKILL'): Promise<StartTime> {
  cluster.setupPrimary({ exec: program, args: [], silent: true })
  const startedAt = performance.now()
  const worker = cluster.fork({ ...env, LOG_LEVEL: 'warn', BATON_WORKER: assignment() })
  return await timeToMessage(worker.process, startedAt, end, (message) => JSON.stringify(message).includes('"ready"'))
}

/** Forks a program that sends a message as soon as it listens. */
export async function timeProgram (program: string, env: NodeJS.ProcessEnv, end: EndSignal = 'SIGKILL'): Promise<StartTime> {
  const startedAt = performance.now()
  const child = forkProcess(program, [], { env: { ...env, HOST: '127.0.0.1', PORT: '0' }, silent: true })
  return await timeToMessage(child, startedAt, end, (message) => message === 'listening')
}

/** See `src/protocol/assignment.ts`. */
function assignment (): string {
  return JSON.stringify({
    slot: 0,
    generation: 1,
    application: null,
    address: { host: '127.0.0.1', port: 0 },
    slotPort: null,
    logFile: null,
    transport: 'http'
  })
}

async function timeToMessage (
  child: ChildProcess, startedAt: number, end: EndSignal, isReady: (message: unknown) => boolean
): Promise<StartTime> {
  const exited = once(child, 'exit')
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => { output += text })
  const kill = (): void => { child.kill('SIGKILL') }
  const deadline = setTimeout(kill, TIMEOUT)
  try {
    return await new Promise<StartTime>((resolve, reject) => {
      child.on('message', (message) => {
        if (isReady(message)) resolve({ wall: performance.now() - startedAt, cpu: exactCpuTime(child.pid ?? 0) })
      })
      exited.then(() => { reject(new Error(`${child.spawnfile} exited before it was ready:\n${output}`)) }, reject)
    })
  } finally {
    child.kill(end)
    await exited
    clearTimeout(deadline)
  }
}
