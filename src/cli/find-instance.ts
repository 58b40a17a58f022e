import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { InstanceHint } from '../config/config.ts'
import type { Status } from '../protocol/control-api.ts'
import { directories, ownDirectory, socketName, userId } from '../protocol/control-socket.ts'
import { NoInstanceError, SeveralInstancesError } from '../errors.ts'
import { Client } from './client.ts'
import { Patience } from './deadline.ts'
import { milliseconds } from './units.ts'

/** Milliseconds in which a service says how it is, also on a busy machine. */
const PROBE_TIMEOUT = 10_000
const SOCKET = /^baton-.*\.sock$/

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'not there',
  ECONNREFUSED: 'nobody listens on it; a service that was killed left it behind',
  EACCES: 'permission denied: the service may run as another user'
}

/** A running service, and how it was when it was found. */
export interface Instance {
  readonly socket: string
  readonly status: Status
}

/** Where to look; a parameter for tests. */
export interface Places {
  readonly directories: readonly string[]
  /** In the directory of everybody's temporary files, where anybody could have made it. */
  readonly ownDirectory: string
  readonly uid: number
}

export interface Wanted {
  /** As given on the command line. */
  readonly socket: string | undefined
  readonly hint: InstanceHint
  readonly places?: Places
  readonly interrupt: AbortSignal
  /** Milliseconds that each service has for its answer. */
  readonly probeTimeout?: number
}

/** A place where no service was found, and why. */
interface Miss {
  readonly place: string
  readonly problem: string
}

/**
 * Finds the one instance that is meant.
 *
 * @throws NoInstanceError with every place that was looked at, SeveralInstancesError
 */
export async function findInstance ({ socket, hint, places = defaultPlaces(), interrupt, probeTimeout = PROBE_TIMEOUT }: Wanted): Promise<Instance> {
  const { sockets, misses } = candidates(socket, hint, places)
  const probes = await Promise.all(sockets.map(async (path) => await probe(path, interrupt, probeTimeout)))
  const instances = probes.filter((found) => 'status' in found)

  const [first, ...others] = instances
  if (first === undefined) {
    throw new NoInstanceError(lines([...misses, ...probes.filter((found) => 'problem' in found)].map(({ place, problem }) => `${place}: ${problem}`)))
  }
  if (others.length > 0) {
    throw new SeveralInstancesError(lines(instances.map(({ socket, status: { pid, url } }) => `${socket}: process ${pid}, ${url}`)))
  }
  return first
}

function defaultPlaces (): Places {
  return { directories: directories(), ownDirectory: ownDirectory(), uid: userId() }
}

function candidates (socket: string | undefined, hint: InstanceHint, places: Places): { sockets: string[], misses: Miss[] } {
  const { port, controlSocket } = hint
  const named = socket ?? controlSocket
  if (socket === undefined && controlSocket === 'off') {
    return { sockets: [], misses: [{ place: 'CONTROL_SOCKET', problem: 'is "off": such a service hears signals only' }] }
  }
  if (named !== undefined) return { sockets: [resolve(named)], misses: [] }

  const listings = places.directories.map((directory) => list(directory, places, port))
  return { sockets: listings.flatMap(({ sockets }) => sockets), misses: listings.flatMap(({ miss }) => miss ?? []) }
}

/** @param port of the socket that is wanted; undefined for any */
function list (directory: string, { ownDirectory, uid }: Places, port: number | undefined): { sockets: string[], miss?: Miss } {
  const nothing = (problem: string): { sockets: string[], miss: Miss } => ({ sockets: [], miss: { place: directory, problem } })
  try {
    if (directory === ownDirectory && statSync(directory).uid !== uid) return nothing('belongs to another user, and is not trusted')
    const names = port === undefined ? readdirSync(directory).filter((name) => SOCKET.test(name)).sort() : [socketName(port)]
    return names.length === 0 ? nothing('no socket of a service in it') : { sockets: names.map((name) => join(directory, name)) }
  } catch (error) {
    return nothing(explain(error as NodeJS.ErrnoException))
  }
}

async function probe (socket: string, interrupt: AbortSignal, timeout: number): Promise<Instance | Miss> {
  const patience = new Patience(timeout, interrupt, 'nothing was asked yet')
  try {
    const status = await new Client(socket, patience.signal).ask<Status>('GET', '/status')
    return isStatus(status) ? { socket, status } : { place: socket, problem: 'what answers is no service of Baton' }
  } catch (error) {
    if (interrupt.aborted) throw error
    return { place: socket, problem: patience.signal.aborted ? `no answer within ${milliseconds(timeout)}` : explain(error as NodeJS.ErrnoException) }
  /* c8 ignore next -- V8 counts a way out of the block above that there is not: it returns or throws */
  } finally {
    patience.end()
  }
}

/** As much of it as tells it from the answers of others. */
function isStatus (answer: Partial<Status>): boolean {
  return typeof answer.pid === 'number' && typeof answer.url === 'string' && Array.isArray(answer.workers)
}

function explain ({ code = '', message }: NodeJS.ErrnoException): string {
  return PROBLEMS[code] ?? message
}

function lines (texts: readonly string[]): string {
  return texts.map((text) => `  ${text}`).join('\n')
}
