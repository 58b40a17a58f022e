import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { OTHER } from '../../protocol/measurements.ts'
import type { RequestTable } from '../metrics/request-table.ts'

/** The client went away before there was an answer; the code is nginx's. */
const CLIENT_GONE = 499
/** Route of a request that no route is for. */
const UNKNOWN = 'unknown'

const REPLY = Symbol('baton.reply')

interface MeteredResponse extends ServerResponse {
  [REPLY]?: FastifyReply
}

/**
 * Measures every request that comes to a hook, whatever answers it, until its answer has been sent.
 *
 * An answer that is cut counts with its status when its head was sent, and else as 499. A connection that
 * was taken over (a WebSocket) is no answer, and not counted.
 */
export function meter (root: FastifyInstance, requests: Pick<RequestTable, 'add'>): void {
  const methods = new Set(root.supportedMethods)

  function count (reply: FastifyReply, status: number): void {
    const { request } = reply
    const { method } = request.raw
    requests.add(methods.has(method as string) ? method as string : OTHER, request.routeOptions.url ?? UNKNOWN, status, reply.elapsedTime)
  }

  // One function for all responses, and not one for each. Not at `finish` too: over HTTP/2 that comes for what was cut as well.
  function onClose (this: MeteredResponse): void {
    const reply = this[REPLY] as FastifyReply
    if (this.headersSent) count(reply, this.statusCode)
    else if (!reply.sent) count(reply, CLIENT_GONE)
  }

  // Not in an onResponse hook: with one, Fastify forgets the error of an answer that failed, and does not log it.
  root.addHook('onRequest', (_request, reply, done) => {
    const response = reply.raw as MeteredResponse
    response[REPLY] = reply
    response.on('close', onClose)
    done()
  })
}
