import { randomUUID } from 'node:crypto'
import type { FastifyServerOptions, RawRequestDefaultExpression } from 'fastify'

/** Visible ASCII, because the id is used in log lines, and in headers of requests that the application sends. */
const VALID_ID = /^[\x21-\x7e]{1,128}$/
const DEFAULT_HEADER = 'x-request-id'

type IdOptions = Pick<FastifyServerOptions, 'requestIdHeader' | 'genReqId'>
type MakeId = NonNullable<IdOptions['genReqId']>

/**
 * Keeps the id in a request's header, if it is valid; otherwise the request gets an id that is unique across workers
 * and restarts, which Fastify's counter is not.
 *
 * An application may set another header, or none, or generate ids itself. If it generates ids and sets no header,
 * its function is called for every request.
 *
 * @param options the server options of the application
 */
export function requestIds ({ requestIdHeader, genReqId }: IdOptions): IdOptions {
  const header = requestIdHeader ?? (genReqId === undefined ? DEFAULT_HEADER : false)
  const make: MakeId = genReqId ?? (() => randomUUID())
  if (header === false) return { requestIdHeader: false, genReqId: make }
  const name = header.toLowerCase()
  return { requestIdHeader: false, genReqId: (request) => idFromHeader(request, name) ?? make(request) }
}

/** In place of Fastify's own, which accepts any value. */
function idFromHeader ({ headers }: RawRequestDefaultExpression, header: string): string | undefined {
  const id = headers[header]
  return typeof id === 'string' && VALID_ID.test(id) ? id : undefined
}
