import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

import type { ClientContext } from '../client-kind.ts'
import type { ConnectionChange } from '../connection-watch.ts'
import type { GeneratorReport } from '../../measure/generator-watch.ts'
import { BatchPlayer, type Listener } from './batch-player.ts'
import type { Instruction, Notice, ThreadOrder } from './messages.ts'

export interface ThreadLimits {
  /** What runs in it. */
  readonly program: URL
  /** Milliseconds. */
  readonly startTimeout: number
  /** For the end of the clients, besides what their requests may take. */
  readonly endTimeout: number
}

const LIMITS: ThreadLimits = {
  // Beside this file, compiled or not.
  program: new URL(`./thread${extname(import.meta.url)}`, import.meta.url),
  startTimeout: 60_000,
  endTimeout: 30_000
}

/** For a connection, for a place in the queue, for the answer. */
const TIMEOUTS_OF_A_REQUEST = 3

/** One thread of clients, as seen from outside. */
export class ClientThread {
  readonly #order: ThreadOrder
  readonly #limits: ThreadLimits
  readonly #worker: Worker
  readonly #listeners = new Map<number, Listener>()
  readonly #waiting = new Map<string, (notice: Notice) => void>()
  readonly #ready: Promise<Notice>
  /** Rejects when nothing more is to be expected of the thread. */
  readonly #failed: Promise<never>

  constructor (order: ThreadOrder, onConnectionChange: (change: ConnectionChange, at: number) => void, limits = LIMITS) {
    this.#order = order
    this.#limits = limits
    this.#ready = this.#hear('ready')
    this.#worker = new Worker(limits.program, { workerData: order })
    const player = new BatchPlayer((task) => this.#listenerOf(task), onConnectionChange)
    this.#failed = new Promise((_resolve, reject) => {
      this.#worker.once('error', reject)
      this.#worker.once('exit', (code) => { reject(new Error(`a thread of clients ended with code ${code}`)) })
      this.#worker.on('message', (notice: Notice) => {
        try {
          if (notice.type === 'batch') player.play(notice.batch)
          else this.#tell(notice)
        } catch (error) {
          reject(error)
        }
      })
    })
    // Whoever waits for the thread hears of it; between two waits nobody does.
    this.#failed.catch(() => {})
  }

  /** @throws the error that the thread died of, or Error when it does not start in time */
  async started (): Promise<void> {
    await this.#within(this.#limits.startTimeout, 'start', this.#ready)
  }

  /**
   * Runs its clients of the kind, if it has any, and resolves when all that they reported has been told.
   *
   * @throws the error that the thread died of, or Error when they do not end in time after `context.signal`
   */
  async run (kind: string, { target, timeout, maxRequests, signal, recorder }: ClientContext): Promise<void> {
    const task = this.#order.tasks.findIndex(({ name }) => name === kind)
    if (task < 0 || signal.aborted) return
    this.#listeners.set(task, { kind, recorder })
    const ended = this.#hear(`ended ${task}`)
    const aborted = new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve() }, { once: true }) })
    this.#instruct({ type: 'run', task, target, timeout, maxRequests })
    await Promise.race([ended, aborted, this.#failed])
    this.#instruct({ type: 'abort', task })
    await this.#within(timeout * TIMEOUTS_OF_A_REQUEST + this.#limits.endTimeout, `end its clients (${kind})`, ended)
  }

  /**
   * To be called when all its clients have ended: it tells what is left to tell.
   *
   * @returns how it was doing
   * @throws as `run()`
   */
  async finish (): Promise<GeneratorReport> {
    const finished = this.#hear('finished')
    this.#instruct({ type: 'finish' })
    const notice = await this.#within(this.#limits.endTimeout, 'finish', finished)
    if (notice.type !== 'finished') throw new Error(`a thread of clients says ${notice.type} instead of its end`)
    return notice.generator
  }

  /** Ends it, whatever it does; who waits for it still is told that it ended. */
  async end (): Promise<void> {
    await this.#worker.terminate()
  }

  #instruct (instruction: Instruction): void {
    this.#worker.postMessage(instruction)
  }

  async #hear (what: string): Promise<Notice> {
    return await new Promise((resolve) => { this.#waiting.set(what, resolve) })
  }

  #tell (notice: Notice): void {
    this.#waiting.get(notice.type === 'ended' ? `ended ${notice.task}` : notice.type)?.(notice)
  }

  #listenerOf (task: number): Listener {
    const listener = this.#listeners.get(task)
    if (listener === undefined) throw new Error(`a thread of clients tells of task ${task}, which was not to run`)
    return listener
  }

  async #within<T> (timeout: number, task: string, done: Promise<T>): Promise<T> {
    let deadline: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      deadline = setTimeout(() => { reject(new Error(`a thread of clients did not ${task} within ${timeout} ms`)) }, timeout)
    })
    try {
      return await Promise.race([done, late, this.#failed])
    } finally {
      clearTimeout(deadline)
    }
  }
}
