import { readConfig } from '../../../src/config/config.ts'
import type { Logger } from '../../../src/log/logger.ts'
import type { Generation } from '../../../src/primary/release/generation.ts'
import { Supervisor } from '../../../src/primary/supervisor/supervisor.ts'
import { FakeHost, type FakeProcess } from './fake-host.ts'

export type Settings = Readonly<Record<string, string>>

export interface Line {
  readonly level: string
  readonly text: string
  readonly event?: string
  readonly slot?: number
  readonly generation?: number
  readonly [field: string]: unknown
}

/** A supervisor on a fake host, with what it logs and reports. */
export class Scene {
  readonly host = new FakeHost()
  readonly lines: Line[] = []
  /** Exit codes of `stopped`. */
  readonly stopped: number[] = []
  /** Numbers of workers of `serving`. */
  readonly serving: number[] = []
  readonly supervisor: Supervisor
  /** Settings of the next generation; an Error refuses the reload. */
  settings: Settings | Error
  /** Folder of its release. */
  directory = '/release'
  onLine: (line: Line) => void = () => {}

  constructor (settings: Settings) {
    this.settings = settings
    this.supervisor = new Supervisor({
      host: this.host,
      log: recordingLogger((line) => {
        this.lines.push(line)
        this.onLine(line)
      }),
      makeGeneration: (number) => makeGeneration(number, this.settings, this.directory)
    })
    this.supervisor.on('stopped', (code) => { this.stopped.push(code) })
    this.supervisor.on('serving', (workers) => { this.serving.push(workers) })
  }

  /** The youngest process of a slot and generation, such as `0/1`. */
  worker (name: string): FakeProcess {
    const found = this.host.processes.findLast((process) => process.name === name)
    if (found === undefined) throw new Error(`there is no worker ${name}`)
    return found
  }

  /** The workers as the supervisor knows them, such as `0/1 ready`, by slot. */
  table (): string[] {
    return this.supervisor.workers.map(({ slot, generation, state }) => `${slot}/${generation} ${state}`).sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
  }

  /** The events logged since the last call, such as `worker:ready 0/1` and `reload:started 2`. */
  story (): string[] {
    return this.lines.splice(0).filter(({ event }) => event !== undefined).map(({ event, slot, generation }) =>
      `${event} ${[event?.startsWith('worker:') === true ? slot : undefined, generation].filter((part) => part !== undefined).join('/')}`.trim())
  }

  /** The last line with this event, or with a text that matches. */
  line (what: string | RegExp): Line | undefined {
    return this.lines.findLast(({ event, text }) => event === what || (what instanceof RegExp && what.test(text)))
  }

  /** All draining workers exit. */
  drained (): void {
    for (const process of this.host.living) if (process.isDisconnected) process.exits()
  }

  /** Lets time pass in which all ready workers send heartbeats. */
  passes (milliseconds: number): void {
    const end = this.host.time + milliseconds
    while (this.host.time < end) {
      this.host.advance(Math.min(1000, end - this.host.time))
      for (const process of this.host.living) if (process.isReady) process.beats()
    }
  }

  /** Lets all workers behave well until nothing is left to do. */
  settle (): void {
    for (let steps = 0; steps < 1000; steps++) {
      this.drained()
      const starting = this.host.living.find((process) => !process.isReady && process.pid !== undefined)
      const asked = this.host.living.find(({ isAsked }) => isAsked)
      if (starting !== undefined) starting.becomesReady()
      else if (asked !== undefined) asked.answers()
      else if (this.supervisor.state !== 'reloading') return
      else this.passes(this.host.nextTimer - this.host.time)
    }
    throw new Error('the pool does not settle')
  }
}

/** Two workers, without a canary and hang detection, because most tests are about something else. */
const PLAIN: Settings = { WORKERS: '2', CANARY_MS: '0', HEARTBEAT_TIMEOUT_MS: '0' }

/** A supervisor that has not been started. An empty setting means the real default. */
export function supervise (settings: Settings = {}): Scene {
  return new Scene({ ...PLAIN, ...settings })
}

/** A supervisor whose workers are all ready; log lines up to then are dropped. */
export function superviseRunning (settings: Settings = {}): Scene {
  const scene = supervise(settings)
  scene.supervisor.start()
  scene.settle()
  scene.lines.splice(0)
  return scene
}

function makeGeneration (number: number, settings: Settings | Error, directory: string): Generation {
  if (settings instanceof Error) throw settings
  const variables = { ...PLAIN, ...settings }
  const config = readConfig(variables, () => 2)
  return {
    number,
    config,
    ...(config.tls === undefined ? {} : { tls: { cert: `certificate ${number}`, key: `key ${number}`, minVersion: config.tls.minVersion } }),
    variables,
    environment: {},
    program: `${directory}/worker/index.js`,
    application: null,
    directory
  }
}

function recordingLogger (record: (line: Line) => void): Logger {
  const at = (level: string) => (fields: object | string, text = String(fields)): void => {
    record({ level, text, ...(typeof fields === 'object' ? fields : {}) })
  }
  return { info: at('info'), warn: at('warn'), error: at('error'), fatal: at('fatal') } as unknown as Logger
}
