import { randomUUID } from 'node:crypto'
import type { FastifyServerOptions, RawRequestDefaultExpression } from 'fastify'

/** Visible ASCII: it stands in log lines, and in headers of requests that the application makes itself. */
const DECENT = /^[\x21-\x7e]{1,128}$/
const HEADER = 'x-request-id'

type IdOptions = Pick<FastifyServerOptions, 'requestIdHeader' | 'genReqId'>
type MakeId = NonNullable<IdOptions['genReqId']>

/**
 * Has a request keep the id that somebody gave it before, if it is a decent one; otherwise it gets one that is
 * unique over workers and restarts, which Fastify's counter is not.
 *
 * An application may name another header, or none, or make ids itself; one that makes them and names no
 * header sees every request.
 *
 * @param options those of the application, as Fastify has them
 */
export function requestIds ({ requestIdHeader, genReqId }: IdOptions): IdOptions {
  const header = requestIdHeader ?? (genReqId === undefined ? HEADER : false)
  const make: MakeId = genReqId ?? (() => randomUUID())
  if (header === false) return { requestIdHeader: false, genReqId: make }
  const name = header.toLowerCase()
  return { requestIdHeader: false, genReqId: (request) => givenId(request, name) ?? make(request) }
}

/** Fastify takes whatever the header holds. */
function givenId ({ headers }: RawRequestDefaultExpression, header: string): string | undefined {
  const given = headers[header]
  return typeof given === 'string' && DECENT.test(given) ? given : undefined
}
