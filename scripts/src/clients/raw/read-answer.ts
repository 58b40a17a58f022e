import type { ClientLoop } from '../client-loop.ts'
import { assertSuccess, RequestFailure } from '../request-failure.ts'
import type { Connection } from './connection.ts'
import type { HttpResponse } from './http-response-parser.ts'

/**
 * Reads the answer to a request that was sent on the connection.
 *
 * @param timeout milliseconds
 * @param check throws a RequestFailure for a wrong answer, to which the connection is added
 * @throws RequestFailure
 */
export async function readAnswer (connection: Connection, timeout: number, check: (response: HttpResponse) => void): Promise<void> {
  const response = await connection.next(timeout)
  try {
    check(response)
  } catch (error) {
    if (error instanceof RequestFailure) error.connection ??= { ...connection.trace }
    throw error
  }
}

/**
 * Reads the answer to `GET /`, and reports which worker gave it.
 *
 * @throws RequestFailure
 */
export async function readHello (loop: ClientLoop, connection: Connection, timeout: number): Promise<void> {
  await readAnswer(connection, timeout, ({ status, body }) => {
    assertSuccess(status, body.length)
    const worker = loop.identify(body.toString(), connection.openedAt)
    // Other services do not have the header.
    connection.trace.worker ??= worker
  })
}

/** @returns a check that the answer is a success with exactly these bytes */
export function expectBody (expected: Buffer): (response: HttpResponse) => void {
  return ({ status, body }) => {
    assertSuccess(status, body.length)
    if (!body.equals(expected)) throw new RequestFailure('wrong content', body.length)
  }
}
