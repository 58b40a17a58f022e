import type { ClientLoop } from '../client-loop.ts'
import type { Connection } from './connection.ts'
import type { HttpResponse } from './http-response-parser.ts'
import { assertSuccess, RequestFailure } from '../request-failure.ts'

/**
 * Reads the answer to a request that was sent on the connection.
 *
 * @param timeout milliseconds
 * @param check throws a RequestFailure for a wrong answer, which then says on which connection it came
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
 * Reads the answer to a `GET /`, and notes who gave it.
 *
 * @throws RequestFailure
 */
export async function readHello (loop: ClientLoop, connection: Connection, timeout: number): Promise<void> {
  await readAnswer(connection, timeout, ({ status, body }) => {
    assertSuccess(status, body.length)
    const worker = loop.identify(body.toString(), connection.openedAt)
    // Not every service has the header that says it.
    connection.trace.worker ??= worker
  })
}

/** @returns a check that the answer is a success with these bytes and no others */
export function expectBody (expected: Buffer): (response: HttpResponse) => void {
  return ({ status, body }) => {
    assertSuccess(status, body.length)
    if (!body.equals(expected)) throw new RequestFailure('wrong content', body.length)
  }
}
