import { errors as undici } from 'undici'

import type { ConnectionTrace } from './connection-trace.ts'
import { MalformedResponseError } from './raw/malformed-response-error.ts'

/** A request that got no answer, or a wrong one. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure'
  /** Short, and the same for failures of the same kind, because failures are counted by it. */
  readonly reason: string
  /** Received of the answer so far. */
  readonly bytes: number
  /** What is known of its connection; undefined when there was none. */
  connection?: ConnectionTrace

  constructor (reason: string, bytes = 0, options?: ErrorOptions) {
    super(`${reason} after ${bytes} bytes`, options)
    this.reason = reason
    this.bytes = bytes
  }
}

/**
 * @returns the failure that an error of a socket, of undici or of the parser stands for
 * @throws the error itself when it is a bug in this program
 */
export function toRequestFailure (error: unknown, bytes = 0): RequestFailure {
  if (error instanceof RequestFailure) return error
  if (error instanceof MalformedResponseError) {
    return new RequestFailure(`malformed answer: ${error.message}`, bytes, { cause: error })
  }
  // The errors of undici share few codes, so the message is needed too; some errors of its parser have no code.
  if (error instanceof undici.UndiciError || error instanceof undici.HTTPParserError) {
    return new RequestFailure(`${error.code ?? error.name} ${error.message}`, bytes, { cause: error })
  }
  if (error instanceof AggregateError && error.errors.length > 0) return toRequestFailure(error.errors[0], bytes)
  // Errors of the system, not of Node: ECONNRESET or EPIPE, but not ERR_INVALID_ARG_TYPE.
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && !error.code.startsWith('ERR_')) {
    return new RequestFailure(error.code, bytes, { cause: error })
  }
  throw error
}

/** @throws RequestFailure when the status is not 2xx */
export function assertSuccess (status: number, bytes: number): void {
  if (status < 200 || status > 299) throw new RequestFailure(`status ${status}`, bytes)
}
