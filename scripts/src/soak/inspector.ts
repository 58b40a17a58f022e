import { once } from 'node:events'

import { WebSocket } from 'ws'

import type { ServiceProcess } from '../service/service-process.ts'

/** What a process says of itself, right after it has collected its garbage. */
export interface Inside {
  /** Of libuv, less those that keep no process alive. */
  readonly handles: number
  /** That are still to fire, those included that keep no process alive. */
  readonly timers: number
  readonly heap: number
  readonly rss: number
}

/** Has the inspector that SIGUSR1 starts listen on a port that the kernel chooses, and starts nothing. */
export const INSPECTABLE = '--inspect-port=127.0.0.1:0'

const ADDRESS = /^Debugger listening on (ws:\S+)$/
const TIMEOUT = 10_000

/** Timers share a prototype; a timer of no consequence leads to it. */
const TIMER_PROTOTYPE = `(() => {
  const timer = setTimeout(() => {})
  clearTimeout(timer)
  return Object.getPrototypeOf(timer)
})()`
const COUNT = `function () {
  const { heapUsed, rss } = process.memoryUsage()
  const handles = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout' && name !== 'Immediate')
  return { handles: handles.length, timers: this.filter((timer) => !timer._destroyed).length, heap: heapUsed, rss }
}`

interface Reply {
  readonly id?: number
  readonly error?: { readonly message: string }
  readonly result?: any
}

/** Looks into a process from outside, as a debugger does: the service needs no code for it. */
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
    // Whoever waits has a deadline.
    socket.on('error', () => {})
  }

  /** @throws Error when it cannot be inspected */
  static async attach (service: ServiceProcess): Promise<Inspector> {
    const address = await new Promise<string>((resolve, reject) => {
      const deadline = setTimeout(() => { reject(new Error('the service started no inspector on SIGUSR1')) }, TIMEOUT)
      const stopListening = service.onLine((_line, text) => {
        const found = ADDRESS.exec(text)?.[1]
        if (found === undefined) return
        clearTimeout(deadline)
        stopListening()
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
      objectId: timers.objects.objectId, functionDeclaration: COUNT, returnByValue: true
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
