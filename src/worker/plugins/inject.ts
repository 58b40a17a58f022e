import type { RequestListener } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { InjectOptions, Response } from 'light-my-request'

type InjectCallback = (error: Error | undefined, response: Response | undefined) => void
type Inject = (options: InjectOptions | string, callback?: InjectCallback) => unknown

/**
 * Keeps `inject()` working during a drain. Fastify refuses it as soon as it closes, and a handler that calls
 * another route in this way would answer a request in flight with 500.
 *
 * @param handler the request listener that Fastify gave to its server
 */
export function injectWhileDraining (
  fastify: FastifyInstance, handler: RequestListener, isDraining: () => boolean
): void {
  const inject = fastify.inject.bind(fastify) as Inject
  const dispatchInject = async (options: InjectOptions | string): Promise<Response> => {
    const { inject: dispatch } = await import('light-my-request')
    return await dispatch(handler as never, options)
  }
  const override: Inject = (options, callback) => {
    if (!isDraining()) return callback === undefined ? inject(options) : inject(options, callback)
    const answer = dispatchInject(options)
    if (callback === undefined) return answer
    answer.then((response) => { callback(undefined, response) }, (error: Error) => { callback(error, undefined) })
    return undefined
  }
  fastify.inject = override as FastifyInstance['inject']
}
