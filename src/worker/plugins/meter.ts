import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { OTHER } from '../../protocol/measurements.ts'
import type { RequestTable } from '../metrics/request-table.ts'

/** Nginx's code: the client disconnected before there was an answer. */
const CLIENT_CLOSED_REQUEST = 499
/** Label of requests that match no route. */
const UNKNOWN_ROUTE = 'unknown'

const REPLY = Symbol('baton.reply')

interface MeteredResponse extends ServerResponse {
  [REPLY]?: FastifyReply
}

/**
 * Measures every request for which hooks run, until its answer has been sent.
 *
 * An answer that is cut short counts with its status if the headers were sent, and as 499 otherwise. A hijacked
 * connection (a WebSocket) has no answer, and is not counted.
 */
export function meter (root: FastifyInstance, requests: Pick<RequestTable, 'add'>): void {
  const methods = new Set(root.supportedMethods)

  function count (reply: FastifyReply, status: number): void {
    const { request } = reply
    const method = request.raw.method as string
    const route = request.routeOptions.url ?? UNKNOWN_ROUTE
    requests.add(methods.has(method) ? method : OTHER, route, status, reply.elapsedTime)
  }

  // One function for all responses: a closure for each would cost memory. Not on `finish`, which over HTTP/2 is also
  // emitted for answers that were cut short.
  function onClose (this: MeteredResponse): void {
    const reply = this[REPLY] as FastifyReply
    if (this.headersSent) count(reply, this.statusCode)
    else if (!reply.sent) count(reply, CLIENT_CLOSED_REQUEST)
  }

  // Not in an onResponse hook: if there is one, Fastify does not log the error of an answer that failed.
  root.addHook('onRequest', (_request, reply, done) => {
    const response = reply.raw as MeteredResponse
    response[REPLY] = reply
    response.on('close', onClose)
    done()
  })
}
