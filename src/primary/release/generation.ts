import { resolve } from 'node:path'
import { readConfig, transportOf, type Config, type Environment, type Transport, type Variables } from '../../config/config.ts'
import { TransportFixedError } from '../../errors.ts'
import type { TlsMaterial } from '../../protocol/messages.ts'
import { resolveLinks, workerProgram, type StartPaths } from './paths.ts'
import { readTlsMaterial } from './tls-material.ts'

const TRANSPORT_NAMES: Readonly<Record<Transport, string>> = { http: 'plain HTTP', https: 'HTTPS', http2: 'HTTP/2' }

/** The code and settings that workers run; fixed when it is made, so that a crash restarts the code that crashed. */
export interface Generation {
  /** 1 at the start, one more at each reload. */
  readonly number: number
  readonly config: Config
  /** The variables that the settings were read from. */
  readonly variables: Environment
  /** Variables that its workers get in addition to the environment of the primary. */
  readonly environment: Readonly<Record<string, string>>
  /** Program of the worker, resolved through symbolic links. */
  readonly program: string
  /** Application's file, resolved; null for the built-in one. It may not exist: then the worker reports that. */
  readonly application: string | null
  /** Working directory, resolved. */
  readonly directory: string
  /** Only with TLS. A crashed worker is restarted with the certificate that it had, even if the files have changed. */
  readonly tls?: TlsMaterial
}

/**
 * Makes a generation of what is configured and deployed at this moment.
 *
 * @param application as typed on the command line, which takes precedence over `APP`
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

/** @returns whether workers of both run the same code: the same paths, although the files may have been replaced */
export function isSameRelease (one: Generation, other: Generation): boolean {
  return one.program === other.program && one.application === other.application && one.directory === other.directory
}

/**
 * @param first the settings with which the service started
 * @returns the same generation
 * @throws TransportFixedError when it would use another protocol on the port
 */
export function keepTransport (generation: Generation, first: Config): Generation {
  const [before, after] = [transportOf(first), transportOf(generation.config)]
  if (before !== after) throw new TransportFixedError(TRANSPORT_NAMES[before], TRANSPORT_NAMES[after])
  return generation
}
