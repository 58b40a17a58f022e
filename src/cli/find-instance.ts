import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { InstanceHint } from '../config/config.ts'
import type { Status } from '../protocol/control-api.ts'
import { directories, ownDirectory, socketName, userId } from '../protocol/control-socket.ts'
import { NoInstanceError, SeveralInstancesError } from '../errors.ts'
import { Client } from './client.ts'
import { Deadline } from './deadline.ts'
import { milliseconds } from './units.ts'

/** Milliseconds until a service must have answered, also on a busy machine. */
const PROBE_TIMEOUT = 10_000
const SOCKET_NAME = /^baton-.*\.sock$/

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ECONNREFUSED: 'no process listens on it; a service that was killed left it behind',
  EACCES: 'permission denied: the service may run as another user'
}

/** A running service, and its status when it was found. */
export interface FoundInstance {
  readonly socket: string
  readonly status: Status
}

/** Where to look; a parameter for tests. */
export interface Places {
  readonly directories: readonly string[]
  /** In the shared directory for temporary files, where any user could have created it. */
  readonly ownDirectory: string
  readonly uid: number
}

export interface Search {
  /** As given on the command line. */
  readonly socket: string | undefined
  readonly hint: InstanceHint
  readonly places?: Places
  readonly interrupt: AbortSignal
  /** Milliseconds that each service may take for its answer. */
  readonly probeTimeout?: number
}

/** A place where no service was found, and the reason. */
interface Miss {
  readonly place: string
  readonly problem: string
}

/**
 * Finds the one instance that a command is for.
 *
 * @throws NoInstanceError that lists every place that was searched, SeveralInstancesError
 */
export async function findInstance (
  { socket, hint, places = defaultPlaces(), interrupt, probeTimeout = PROBE_TIMEOUT }: Search
): Promise<FoundInstance> {
  const { sockets, misses } = candidates(socket, hint, places)
  const probes = await Promise.all(sockets.map(async (path) => await probe(path, interrupt, probeTimeout)))
  const instances = probes.filter((found) => 'status' in found)

  const [first, ...others] = instances
  if (first === undefined) {
    const all = [...misses, ...probes.filter((found) => 'problem' in found)]
    throw new NoInstanceError(lines(all.map(({ place, problem }) => `${place}: ${problem}`)))
  }
  if (others.length > 0) {
    throw new SeveralInstancesError(
      lines(instances.map(({ socket, status: { pid, url } }) => `${socket}: process ${pid}, ${url}`))
    )
  }
  return first
}

function defaultPlaces (): Places {
  return { directories: directories(), ownDirectory: ownDirectory(), uid: userId() }
}

function candidates (
  socket: string | undefined, hint: InstanceHint, places: Places
): { sockets: string[], misses: Miss[] } {
  const { port, controlSocket } = hint
  const named = socket ?? controlSocket
  if (socket === undefined && controlSocket === 'off') {
    const miss = { place: 'CONTROL_SOCKET', problem: 'is "off": such a service takes only signals' }
    return { sockets: [], misses: [miss] }
  }
  if (named !== undefined) return { sockets: [resolve(named)], misses: [] }

  const listings = places.directories.map((directory) => list(directory, places, port))
  return { sockets: listings.flatMap(({ sockets }) => sockets), misses: listings.flatMap(({ miss }) => miss ?? []) }
}

/** @param port of the service; undefined for any */
function list (
  directory: string, { ownDirectory, uid }: Places, port: number | undefined
): { sockets: string[], miss?: Miss } {
  const nothing = (problem: string): { sockets: string[], miss: Miss } =>
    ({ sockets: [], miss: { place: directory, problem } })
  try {
    if (directory === ownDirectory && statSync(directory).uid !== uid) {
      return nothing('belongs to another user, so it is not trusted')
    }
    const names = port === undefined
      ? readdirSync(directory).filter((name) => SOCKET_NAME.test(name)).sort()
      : [socketName(port)]
    if (names.length === 0) return nothing('contains no control socket')
    return { sockets: names.map((name) => join(directory, name)) }
  } catch (error) {
    return nothing(explain(error as NodeJS.ErrnoException))
  }
}

async function probe (socket: string, interrupt: AbortSignal, timeout: number): Promise<FoundInstance | Miss> {
  const deadline = new Deadline(timeout, interrupt, 'nothing was requested yet')
  try {
    const status = await new Client(socket, deadline.signal).ask<Status>('GET', '/status')
    return isStatus(status) ? { socket, status } : { place: socket, problem: 'the process that answers is not Baton' }
  } catch (error) {
    if (interrupt.aborted) throw error
    const problem = deadline.signal.aborted
      ? `no answer within ${milliseconds(timeout)}`
      : explain(error as NodeJS.ErrnoException)
    return { place: socket, problem }
  /* c8 ignore next -- V8 counts an exit from the block above that does not exist: it returns or throws */
  } finally {
    deadline.clear()
  }
}

/** Enough checks to tell Baton's answer from that of another program. */
function isStatus (answer: Partial<Status>): boolean {
  return typeof answer.pid === 'number' && typeof answer.url === 'string' && Array.isArray(answer.workers)
}

function explain ({ code = '', message }: NodeJS.ErrnoException): string {
  return PROBLEMS[code] ?? message
}

function lines (texts: readonly string[]): string {
  return texts.map((text) => `  ${text}`).join('\n')
}
