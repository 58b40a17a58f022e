import cluster, { type Address, type ClusterSettings } from 'node:cluster'
import { assignmentVariable, type Assignment, type ListenAddress } from '../../protocol/assignment.ts'
import { transportOf } from '../../config/config.ts'
import { wrap } from '../../protocol/messages.ts'
import type { Scheduling } from '../../config/settings.ts'
import type { Generation } from '../release/generation.ts'
import { captureHangStack, inspectableSettings } from './hang-stack.ts'
import type { Host, WorkerEvents, WorkerProcess } from './host.ts'
import { guardSocket, openSocket } from '../listen/socket-file.ts'

export interface ClusterHostOptions {
  readonly scheduling: Scheduling
  readonly address: ListenAddress
  /** Host of the slots' ports. */
  readonly host: string
  readonly slotPortBase: number | undefined
  /** Absolute path. */
  readonly logFile: string | undefined
}

type Start = <Process>(start: () => Process) => Process

/** Stands for a process that could not be started. */
/* c8 ignore next -- its handle is removed before any of these is called */
const NO_PROCESS: WorkerProcess = { pid: undefined, send: () => {}, disconnect: () => {}, kill: () => {}, readStack: async () => undefined }

/**
 * The real host, on Node's cluster. Call it once in a process: the first fork fixes the scheduling policy.
 *
 * @param address where the service listens; `PORT=0` has been replaced by a chosen port, so that the port stays the
 * same after a crash of the only worker
 */
export function createClusterHost ({ scheduling, address, host, slotPortBase, logFile }: ClusterHostOptions): Host {
  const inspectable = inspectableSettings()
  const start: Start = 'path' in address ? guardSocket() : (start) => start()
  cluster.schedulingPolicy = scheduling === 'shared' ? cluster.SCHED_NONE : cluster.SCHED_RR
  return {
    fork: (generation, slot, events) => fork(generation, {
      slot,
      generation: generation.number,
      application: generation.application,
      address,
      slotPort: slotPortBase === undefined ? null : { host, port: slotPortBase + slot },
      logFile: logFile ?? null,
      transport: transportOf(generation.config)
    }, inspectable, start, events),
    now: () => performance.now(),
    random: Math.random,
    setTimer: (delay, fire) => {
      // Not unref'd: the primary must not exit while workers exist.
      const timer = setTimeout(fire, Math.ceil(delay))
      return { clear: () => { clearTimeout(timer) } }
    }
  }
}

function fork (
  { program, directory, environment }: Generation, assignment: Assignment, settings: ClusterSettings, start: Start, events: WorkerEvents
): WorkerProcess {
  // May be called before each fork, and changes only the forks that follow.
  cluster.setupPrimary({ ...settings, exec: program, args: [], cwd: directory })
  try {
    const worker = start(() => cluster.fork({ ...environment, ...assignmentVariable(assignment) }))
    const { pid } = worker.process
    worker.on('listening', (listening) => {
      if (!isServiceAddress(listening, assignment)) return
      if ('path' in assignment.address) openSocket(assignment.address)
      events.listening()
    })
    worker.on('message', events.message)
    worker.on('error', events.error)
    worker.on('exit', (code, signal) => {
      events.exit(code, signal as NodeJS.Signals | null, worker.exitedAfterDisconnect)
    })
    return {
      pid,
      // Ignore the error of a closing channel: that worker is about to exit.
      send: (message) => { worker.send(wrap(message), () => {}) },
      disconnect: () => { worker.disconnect() },
      kill: () => { worker.process.kill('SIGKILL') },
      readStack: async () => await captureHangStack(Number(pid))
    }
  } catch (error) {
    // Out of file descriptors or processes: some of these errors are thrown, others are events.
    process.nextTick(() => { events.error(error as Error) })
    return NO_PROCESS
  }
}

/** An application may listen on ports of its own, and a slot may have a port as well. */
function isServiceAddress (listening: Address & { fd?: number }, { address }: Assignment): boolean {
  if ('fd' in address) return listening.fd === address.fd
  return 'path' in address ? listening.address === address.path : listening.port === address.port
}
