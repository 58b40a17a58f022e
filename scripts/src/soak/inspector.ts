import { once } from 'node:events'

import { WebSocket } from 'ws'

import type { ServiceProcess } from '../service/service-process.ts'

/** What a process reports of itself, right after a garbage collection. */
export interface Inside {
  /** Of libuv, without those that keep no process alive. */
  readonly handles: number
  /** Timers that have not fired yet, including those that keep no process alive. */
  readonly timers: number
  readonly heap: number
  readonly rss: number
}

/**
 * Makes the inspector that SIGUSR1 starts listen on a port that the kernel chooses; it does not start the inspector.
 */
export const INSPECTOR_OPTION = '--inspect-port=127.0.0.1:0'

const ADDRESS = /^Debugger listening on (ws:\S+)$/
const TIMEOUT = 10_000

/** All timers share a prototype, which any timer leads to. */
const TIMER_PROTOTYPE = `(() => {
  const timer = setTimeout(() => {})
  clearTimeout(timer)
  return Object.getPrototypeOf(timer)
})()`
const COUNT_FUNCTION = `function () {
  const { heapUsed, rss } = process.memoryUsage()
  const handles = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout' && name !== 'Immediate')
  return { handles: handles.length, timers: this.filter((timer) => !timer._destroyed).length, heap: heapUsed, rss }
}`

interface Reply {
  readonly id?: number
  readonly error?: { readonly message: string }
  readonly result?: any
}

/** Looks into a process from outside, as a debugger does, so that the service needs no code for it. */
export class Inspector {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #last = 0

  private constructor (socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data) => {
      const reply = JSON.parse(String(data)) as Reply
      this.#waiting.get(Number(reply.id))?.(reply)
    })
    // Every request has a deadline.
    socket.on('error', () => {})
  }

  /** @throws Error when it cannot be inspected */
  static async attach (service: ServiceProcess): Promise<Inspector> {
    const address = await new Promise<string>((resolve, reject) => {
      const deadline = setTimeout(() => { reject(new Error('the service did not start its inspector on SIGUSR1')) }, TIMEOUT)
      const unsubscribe = service.onLine((_line, text) => {
        const found = ADDRESS.exec(text)?.[1]
        if (found === undefined) return
        clearTimeout(deadline)
        unsubscribe()
        resolve(found)
      })
      service.signal('SIGUSR1')
    })
    const socket = new WebSocket(address, { perMessageDeflate: false })
    await once(socket, 'open', { signal: AbortSignal.timeout(TIMEOUT) })
    return new Inspector(socket)
  }

  async look (): Promise<Inside> {
    const prototype = await this.#send('Runtime.evaluate', { expression: TIMER_PROTOTYPE, objectGroup: 'soak' })
    const timers = await this.#send('Runtime.queryObjects', { prototypeObjectId: prototype.result.objectId, objectGroup: 'soak' })
    const counted = await this.#send('Runtime.callFunctionOn', {
      objectId: timers.objects.objectId, functionDeclaration: COUNT_FUNCTION, returnByValue: true
    })
    await this.#send('Runtime.releaseObjectGroup', { objectGroup: 'soak' })
    return counted.result.value
  }

  close (): void {
    this.#socket.terminate()
  }

  async #send (method: string, params: object): Promise<any> {
    const id = ++this.#last
    return await new Promise((resolve, reject) => {
      const deadline = setTimeout(() => { reject(new Error(`no answer to ${method} within ${TIMEOUT} ms`)) }, TIMEOUT)
      this.#waiting.set(id, ({ error, result }) => {
        clearTimeout(deadline)
        this.#waiting.delete(id)
        if (error === undefined) resolve(result)
        else reject(new Error(`${method}: ${error.message}`))
      })
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
  }
}
