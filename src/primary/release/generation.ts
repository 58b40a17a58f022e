import { resolve } from 'node:path'
import { readConfig, transportOf, type Config, type Environment, type Transport, type Variables } from '../../config/config.ts'
import { TransportFixedError } from '../../errors.ts'
import type { TlsMaterial } from '../../protocol/messages.ts'
import { resolveLinks, workerProgram, type StartPaths } from './paths.ts'
import { readTlsMaterial } from './tls-material.ts'

const NAMES: Readonly<Record<Transport, string>> = { http: 'plain HTTP', https: 'HTTPS', http2: 'HTTP/2' }

/** What workers are made of; fixed when it is made, so that a crash restarts the code that crashed. */
export interface Generation {
  /** 1 at the start, one more at each reload. */
  readonly number: number
  readonly config: Config
  /** The variables that the settings were read from. */
  readonly variables: Environment
  /** Those that its workers get above the environment of the primary. */
  readonly environment: Readonly<Record<string, string>>
  /** Program of the worker, resolved through symbolic links. */
  readonly program: string
  /** Application's file, resolved; null for the built-in one. A file that is missing is for the worker to report. */
  readonly application: string | null
  /** Working directory, resolved. */
  readonly directory: string
  /** Only with TLS. A crash restarts a worker with the certificate that it had, whatever became of the files. */
  readonly tls?: TlsMaterial
}

/**
 * Makes a generation of what is configured and deployed at this moment.
 *
 * @param application as it was typed on the command line, where it wins over `APP`
 * @throws when a setting is wrong, a certificate or its key cannot be used, or the program of the workers is not there
 */
export function makeGeneration (
  number: number, variables: Variables, start: StartPaths, application: string | undefined
): Generation {
  const config = readConfig(variables.all)
  const typed = application ?? config.application
  return Object.freeze({
    number,
    config,
    variables: variables.all,
    environment: variables.fromFile,
    program: workerProgram(start.program),
    application: typed === undefined ? null : resolveLinks(resolve(start.directory, typed)),
    directory: resolveLinks(start.directory),
    ...(config.tls === undefined ? {} : { tls: readTlsMaterial(config.tls, start.directory) })
  })
}

/** @returns whether workers of both run the same code: the same paths, whose files may have been replaced */
export function isSameRelease (one: Generation, other: Generation): boolean {
  return one.program === other.program && one.application === other.application && one.directory === other.directory
}

/**
 * @param first the settings of the start
 * @returns the same generation
 * @throws TransportFixedError when it would speak something else on the port
 */
export function keepTransport (generation: Generation, first: Config): Generation {
  const [before, after] = [transportOf(first), transportOf(generation.config)]
  if (before !== after) throw new TransportFixedError(NAMES[before], NAMES[after])
  return generation
}
