import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Target } from '../clients/target.ts'

/** Characters. */
const MAX_OUTPUT_LENGTH = 4000
const POLL_INTERVAL = 50
const POLL_TIMEOUT = 1000

/** Any program, in its own process group, which does not outlive this one. */
export class ForeignProcess {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #killAtExit = () => { this.#killGroup() }
  #output = ''

  private constructor (child: ChildProcess, pid: number) {
    this.#child = child
    this.pid = pid
    this.#exited = once(child, 'exit')
    process.once('exit', this.#killAtExit)
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text) => { this.#output = `${this.#output}${text}`.slice(-MAX_OUTPUT_LENGTH) })
    }
  }

  /** @throws Error when there is no such program */
  static async start (command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd?: string): Promise<ForeignProcess> {
    const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) })
    await once(child, 'spawn')
    return new ForeignProcess(child, child.pid as number)
  }

  /**
   * @param timeout milliseconds
   * @throws Error with its output when it does not answer in time; it has been killed then
   */
  async untilServing (target: Target, timeout: number): Promise<void> {
    const deadline = performance.now() + timeout
    while (performance.now() < deadline && this.#child.exitCode === null && this.#child.signalCode === null) {
      if (await isServing(target)) return
      await sleep(POLL_INTERVAL)
    }
    await this.stop('SIGKILL', 0)
    throw new Error(`${this.#child.spawnargs.join(' ')} did not answer:\n${this.#output}`)
  }

  signal (signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** @param timeout milliseconds until all processes that are left of the group are killed */
  async stop (signal: NodeJS.Signals, timeout: number): Promise<void> {
    const deadline = setTimeout(() => { this.#killGroup() }, timeout)
    this.#child.kill(signal)
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#exited
    clearTimeout(deadline)
    this.#killGroup()
    process.off('exit', this.#killAtExit)
  }

  #killGroup (): void {
    try {
      process.kill(-this.pid, 'SIGKILL')
    } catch {
      // No process is left in it.
    }
  }
}

async function isServing ({ host, port }: Target): Promise<boolean> {
  return await new Promise((resolve) => {
    const request = get({ host, port, agent: false, timeout: POLL_TIMEOUT }, (response) => {
      response.resume()
      response.once('close', () => { resolve(response.statusCode === 200) })
    })
    request.on('timeout', () => { request.destroy() })
    request.on('error', () => { resolve(false) })
  })
}
