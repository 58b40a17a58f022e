import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { EnvFileError } from '../errors.ts'

/** In the working directory, if it exists. */
export const DEFAULT_ENV_FILE = '.env'
/** Some editors write it at the start of a file, where it would become part of the first name. */
const BYTE_ORDER_MARK = /^\uFEFF/

/**
 * Reads a file of lines `NAME=value`.
 *
 * @param isRequired whether a missing file is an error
 * @throws EnvFileError when the file cannot be read
 */
export function readEnvFile (path: string, isRequired: boolean): Readonly<Record<string, string>> {
  try {
    return parseEnv(readFileSync(path, 'utf8').replace(BYTE_ORDER_MARK, '')) as Record<string, string>
  } catch (error) {
    if (!isRequired && (error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new EnvFileError(path, (error as Error).message)
  }
}
