import { resolve } from 'node:path'
import type { Config } from '../config.ts'
import { resolveLinks, workerProgram, type StartPaths } from './paths.ts'

/** What workers are made of; fixed when it is made, so that a crash restarts the code that crashed. */
export interface Generation {
  /** 1 at the start, one more at each reload. */
  readonly number: number
  readonly config: Config
  /** Program of the worker, resolved through symbolic links. */
  readonly program: string
  /** Application's file, resolved; null for the built-in one. A file that is missing is for the worker to report. */
  readonly application: string | null
  /** Working directory, resolved. */
  readonly directory: string
}

/**
 * Makes a generation of what is deployed at this moment.
 *
 * @param application as it was typed on the command line, where it wins over `APP`
 * @throws when the program of the workers is not there
 */
export function makeGeneration (
  number: number, config: Config, start: StartPaths, application: string | undefined = config.application
): Generation {
  return Object.freeze({
    number,
    config,
    program: workerProgram(start.program),
    application: application === undefined ? null : resolveLinks(resolve(start.directory, application)),
    directory: resolveLinks(start.directory)
  })
}
