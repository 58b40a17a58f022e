import type { ClientLoop } from './client-loop.ts'
import type { Connection } from './connection.ts'
import { assertSuccess } from './request-failure.ts'

/**
 * Reads the answer to a `GET /` that was sent on the connection, and notes who gave it.
 *
 * @param timeout milliseconds
 * @throws RequestFailure
 */
export async function readHello (loop: ClientLoop, connection: Connection, timeout: number): Promise<void> {
  const { status, body } = await connection.next(timeout)
  assertSuccess(status, body.length)
  loop.identify(body.toString(), connection.openedAt)
}
