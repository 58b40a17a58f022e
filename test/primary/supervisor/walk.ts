import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PROTOCOL } from '../../../src/protocol/messages.ts'
import type { WorkerHandle } from '../../../src/primary/workers/worker-handle.ts'
import type { FakeProcess } from './fake-host.ts'
import { Scene, type Line } from './supervise.ts'

/** Something that happens to a pool. `pick` chooses the worker among those to which it can happen. */
export interface Step {
  readonly does: 'ready' | 'listens' | 'saysReady' | 'mismatches' | 'drained' | 'crashes' | 'exits' | 'failed' | 'relieve' |
    'progress' | 'chatters' | 'answers' | 'beats' | 'leaks' | 'sleeps' | 'forksFail' | 'forksWork' | 'waits' | 'wakes' | 'hup' | 'refused' | 'scales' | 'stops'
  readonly pick: number
}

export interface Walk {
  readonly workers: number
  readonly maxSurge: number
  readonly maxDraining: number
  /** Milliseconds that pass with every reading of the clock. */
  readonly creep: number
  /** Milliseconds for which the first worker of a release is watched. */
  readonly canary: number
  /** Silence that counts as a hang; 0 for none. */
  readonly heartbeat: number
  readonly giveUp: number
  readonly steps: readonly Step[]
  /** How the walk ends: all workers behave well, or a stop ends them, which they follow or ignore. */
  readonly ending: 'settle' | 'stop' | 'stubborn stop'
}

const START_TIMEOUT = 1000
const DRAIN_TIMEOUT = 2000
const STOP_TIMEOUT = 1500
/** Far more than any walk needs. */
const MAX_STEPS = 2000
/** Milliseconds beyond its deadline for a starting worker, when the primary itself was paused. */
const READING_TIME = 1000
/** Milliseconds for the host to read the stack of a hung worker. */
const STACK_TIMEOUT = 3000
/** Milliseconds between the heartbeats of a worker. */
const HEARTBEAT = 1000
const WAITS = [0, 1, 99, 400, 999, 1000, 2000, 30_000, 61_000]

const CHANGES: ReadonlyArray<Record<string, string>> = [
  {}, {}, {}, { WORKERS: '4', MAX_SURGE: '3' }, { WORKERS: '1', MAX_SURGE: '1' }, { WORKERS: '3', MAX_SURGE: '1', CANARY_MS: '1500' }, { WORKERS: '2', MAX_SURGE: '0', HEARTBEAT_TIMEOUT_MS: '4000' }
]

const step = (weight: number, ...does: Array<Step['does']>) => ({
  weight,
  arbitrary: fc.record({ does: fc.constantFrom(...does), pick: fc.nat(11) }) as fc.Arbitrary<Step>
})

export const walks: fc.Arbitrary<Walk> = fc.integer({ min: 1, max: 4 }).chain((workers) => fc.record({
  workers: fc.constant(workers),
  maxSurge: fc.integer({ min: workers === 1 ? 1 : 0, max: workers }),
  maxDraining: fc.integer({ min: 1, max: 2 * workers }),
  creep: fc.constantFrom(0, 0, 1),
  canary: fc.constantFrom(0, 500),
  heartbeat: fc.constantFrom(0, 3000),
  giveUp: fc.constantFrom(5000, 120_000),
  steps: fc.array(fc.oneof(
    step(12, 'ready'),
    step(6, 'drained'),
    step(5, 'waits', 'wakes', 'answers', 'beats'),
    step(4, 'crashes', 'hup'),
    step(3, 'exits', 'relieve', 'failed', 'scales'),
    step(1, 'sleeps', 'leaks', 'listens', 'saysReady', 'mismatches', 'progress', 'chatters', 'forksFail', 'forksWork', 'refused', 'stops')
  ), { maxLength: 80, size: 'max' }),
  ending: fc.constantFrom('settle', 'settle', 'stop', 'stubborn stop')
}))

/** Walks through the steps, and checks the promises of the pool after each one. */
export class WalkedPool {
  readonly #scene: Scene
  readonly #settings: Record<string, string>
  /** How many workers there should be, and of which generation. */
  #slots: number[]
  /** How many there will be when the rollout is complete. */
  #length: number
  /** By how many workers the pool was scaled since the last reload was requested. */
  #scaled = 0
  #isAsked = false
  /** WORKERS of the last reload that was requested. */
  #asked = 0
  #releases = 0
  #drainAt = Infinity
  /** The generation that is being rolled out. */
  #rollout: number | undefined
  #hasGivenUp = false
  #wokeAt = -Infinity

  constructor ({ workers, maxSurge, maxDraining, creep, canary, heartbeat, giveUp }: Walk) {
    this.#settings = {
      WORKERS: String(workers),
      MAX_SURGE: String(maxSurge),
      MAX_DRAINING: String(maxDraining),
      START_TIMEOUT_MS: String(START_TIMEOUT),
      DRAIN_TIMEOUT_MS: String(DRAIN_TIMEOUT),
      STOP_TIMEOUT_MS: String(STOP_TIMEOUT),
      CANARY_MS: String(canary),
      HEARTBEAT_TIMEOUT_MS: String(heartbeat),
      GIVE_UP_MS: String(giveUp),
      MAX_WORKER_REQUESTS: '100'
    }
    this.#slots = Array<number>(workers).fill(1)
    this.#length = workers
    this.#scene = new Scene(this.#settings)
    this.#scene.host.creep = creep
    this.#scene.host.onFork = (process) => {
      process.onDisconnect = () => { this.#checkDrain(process) }
      this.#checkFork(process)
    }
    this.#scene.onLine = (line) => { this.#onLine(line) }
  }

  #onLine ({ event, text, slots, generation, workers }: Line): void {
    if (event === 'reload:started') {
      assert.equal(this.#rollout, undefined, 'at most one generation is rolled out')
      this.#rollout = generation
      this.#length = Math.max(1, this.#asked + this.#scaled)
      this.#isAsked = false
      assert.equal(workers, this.#length)
    }
    if (event === 'reload:completed' || event === 'reload:failed') {
      assert.equal(generation, this.#rollout)
      this.#rollout = undefined
    }
    if (event === 'reload:failed') {
      assert.equal((slots as number[]).length, this.#slots.length, 'a failed reload leaves the number of workers as it was')
      this.#slots = [...slots as number[]]
    }
    if (event === 'reload:completed') this.#checkCompletion()
    if (text.includes('giving up')) {
      this.#hasGivenUp = true
      assert.equal(this.#count('ready'), 0, 'the service does not give up while a worker is ready')
    }
  }

  start (): void {
    this.#scene.supervisor.start()
    this.#check()
  }

  take ({ does, pick }: Step): void {
    const { host, supervisor } = this.#scene
    const choose = (matches: (process: FakeProcess) => boolean = () => true): FakeProcess | undefined => {
      const matching = host.living.filter((process) => process.pid !== undefined && matches(process))
      return matching[pick % matching.length]
    }

    if (does === 'ready') choose(({ isReady }) => !isReady)?.becomesReady()
    if (does === 'listens') choose(({ isReady }) => !isReady)?.listens()
    if (does === 'saysReady') choose()?.says({ type: 'ready', protocol: PROTOCOL })
    if (does === 'mismatches') choose(({ isReady }) => !isReady)?.says({ type: 'ready', protocol: PROTOCOL + 1 })
    if (does === 'drained') choose(({ isDisconnected }) => isDisconnected)?.exits()
    if (does === 'crashes') choose()?.exits(null, 'SIGSEGV')
    if (does === 'exits') choose(({ isDisconnected }) => !isDisconnected)?.exits(pick % 2)
    if (does === 'failed') choose()?.says({ type: 'failed', error: { message: 'uncaught error' } })
    if (does === 'relieve') choose()?.says({ type: 'relieve' })
    if (does === 'progress') choose()?.says({ type: 'draining', progress: { requests: pick % 3, connections: pick } })
    if (does === 'chatters') choose()?.receives(['ready', null, { baton: 1 }, { baton: {} }, 7][pick % 5])
    if (does === 'forksFail') host.failsToFork = true
    if (does === 'forksWork') host.failsToFork = false
    if (does === 'answers') choose(({ isAsked }) => isAsked)?.answers()
    if (does === 'beats') for (const process of host.living) if (process.isReady && pick > 2) process.beats()
    if (does === 'leaks') choose(({ isReady }) => isReady)?.beats({ served: 200 })
    if (does === 'sleeps') this.#sleep(WAITS[pick % WAITS.length] as number)
    if (does === 'waits') host.advance(WAITS[pick % WAITS.length] as number)
    if (does === 'wakes' && host.hasTimer) host.advance(host.nextTimer - host.time)
    if (does === 'hup') this.#reload(CHANGES[pick % CHANGES.length] as Record<string, string>, pick % 2 === 0)
    if (does === 'refused') this.#reload(new Error('a setting is wrong'))
    if (does === 'scales') this.#scale([1, -1, 1, -1, 2, -2][pick % 6] as number)
    if (does === 'stops') this.#stop(pick % 3 === 0 ? 700 : 0)
    for (const process of host.living) if (process.pid === undefined) process.fails('EAGAIN')
    host.advance(0)
    this.#check()
    if (supervisor.state === 'stopped') assert.equal(host.living.length, 0)
  }

  end (ending: Walk['ending']): void {
    if (ending === 'settle') this.#settle()
    if (ending === 'settle' && this.#scene.stopped.length === 0) {
      this.#checkRest()
      this.#reload({}, true)
      this.#settle()
      this.#checkRest()
      assert.equal(this.#scene.line('reload:completed')?.generation, this.#slots[0], 'a release that starts is rolled out')
    }
    this.#stop(0)
    this.#settle(ending === 'stubborn stop')
    assert.deepEqual(this.#scene.table(), [], 'after a stop no worker is left')
    assert.equal(this.#scene.supervisor.state, 'stopped')
    assert.equal(this.#scene.stopped.length, 1, 'a stop ends once')
    assert.equal(this.#scene.host.hasTimer, false, 'a stopped supervisor waits for nothing')
  }

  #reload (settings: Record<string, string> | Error, isMoved = false): void {
    this.#scene.settings = settings instanceof Error ? settings : { ...this.#settings, ...settings }
    if (isMoved) this.#scene.directory = `/releases/${++this.#releases}`
    if (!(settings instanceof Error) && !this.#isLeaving) {
      this.#asked = Number((this.#scene.settings as Record<string, string>).WORKERS)
      this.#isAsked = true
      this.#scaled = 0
    }
    this.#scene.supervisor.reload()
  }

  get #isLeaving (): boolean {
    return this.#drainAt < Infinity || this.#hasGivenUp || this.#scene.stopped.length > 0
  }

  #sleep (milliseconds: number): void {
    this.#scene.host.suspend(milliseconds)
    this.#wokeAt = this.#scene.host.time
  }

  #scale (difference: number): void {
    if (!this.#isLeaving) {
      const length = Math.max(1, this.#slots.length + difference)
      const added = Array<number>(Math.max(0, difference)).fill(this.#scene.supervisor.generation.number)
      this.#slots = [...this.#slots.slice(0, length), ...added]
      if (this.#isAsked) this.#scaled += difference
      if (this.#rollout !== undefined) this.#length = Math.max(1, this.#length + difference)
    }
    this.#scene.supervisor.scale(difference)
  }

  #stop (delay: number): void {
    if (this.#drainAt === Infinity) this.#drainAt = this.#scene.host.time + delay
    this.#scene.supervisor.stop({ delay, idleTimeout: 1000 })
  }

  /** From now on all workers do what is requested, or none does and only a kill helps. */
  #settle (areStubborn = false): void {
    const { host } = this.#scene
    host.failsToFork = false
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      this.#check()
      const late = host.living.find(({ pid, kills, isDisconnected }) => pid === undefined || kills > 0 || (isDisconnected && !areStubborn))
      const starting = this.#scene.supervisor.workers.find(({ state }) => state === 'starting')
      const asked = host.living.find(({ isAsked }) => isAsked)
      if (late?.pid === undefined && late !== undefined) late.fails('EAGAIN')
      else if (late !== undefined) late.exits(late.kills > 0 ? null : 0, late.kills > 0 ? 'SIGKILL' : null)
      else if (starting !== undefined && !areStubborn) this.#finishStart(starting)
      else if (asked !== undefined) asked.answers()
      else if (!host.hasTimer || this.#isAtRest()) return
      else this.#passes(host.nextTimer - host.time)
    }
    assert.fail(`the pool does not settle: ${this.#scene.table().join(', ')}`)
  }

  /** Lets time pass in which all ready workers send heartbeats. */
  #passes (milliseconds: number): void {
    const { host } = this.#scene
    for (const process of host.living) if (process.isReady) process.beats()
    host.advance(Math.min(HEARTBEAT, Math.max(0, milliseconds)))
  }

  #isAtRest (): boolean {
    const { supervisor } = this.#scene
    return supervisor.state === 'running' && !this.#isAsked && this.#scene.table().join() === this.#restingTable().join() &&
      supervisor.workers.every(({ isStale }) => !isStale)
  }

  #restingTable (): string[] {
    return this.#slots.map((generation, slot) => `${slot}/${generation} ready`)
  }

  #finishStart ({ process, failure }: WorkerHandle): void {
    if (failure === undefined) (process as FakeProcess).becomesReady()
    else (process as FakeProcess).exits(1)
  }

  get #maxSurge (): number {
    const { maxSurge } = this.#scene.supervisor.generation.config
    return this.#least === 1 ? Math.max(1, maxSurge) : maxSurge
  }

  /** How far a creeping clock may be ahead of the time that the supervisor used. */
  get #slack (): number {
    return this.#scene.host.creep * 200
  }

  #count (...states: Array<WorkerHandle['state']>): number {
    return this.#scene.supervisor.workers.filter(({ state }) => states.includes(state)).length
  }

  #checkFork ({ slot, name, generation }: FakeProcess): void {
    assert.equal(this.#scene.stopped.length, 0, 'nothing is forked after the end')
    assert.ok(this.#scene.host.time <= this.#drainAt + this.#slack, 'nothing is forked while everything drains')
    assert.ok(slot < this.#most, `${name} is forked for a slot that is wanted`)
    if (generation.number === this.#rollout) {
      const isAlone = this.#scene.host.living.every((process) => process.slot === slot || process.generation.number !== this.#rollout || process.isDisconnected)
      assert.ok(isAlone || this.#isProven, `${name} is forked while the first worker of its release is watched`)
    }
    const living = this.#maxSurge === 0 ? this.#count('starting', 'ready', 'draining') : this.#count('starting', 'ready')
    assert.ok(living <= this.#most + this.#maxSurge, `${living} live for ${this.#most} slots and a surge of ${this.#maxSurge}`)
  }

  /** The most slots at the moment: a rollout adds or removes slots when all are of one generation. */
  get #most (): number {
    return this.#rollout === undefined ? this.#slots.length : Math.max(this.#slots.length, this.#length)
  }

  get #least (): number {
    return this.#rollout === undefined ? this.#slots.length : Math.min(this.#slots.length, this.#length)
  }

  /** A worker of the release was ready for the canary time, and has answered then. */
  get #isProven (): boolean {
    const { supervisor, host } = this.#scene
    return host.processes.some(({ generation, readyAt, answeredAt }) => generation.number === this.#rollout &&
      (generation.config.canaryTime === 0 || answeredAt >= readyAt + generation.config.canaryTime)) && supervisor.state === 'reloading'
  }

  #checkDrain (process: FakeProcess): void {
    const worker = this.#scene.supervisor.workers.find((worker) => worker.process === process) as WorkerHandle
    if (worker.readyAt === undefined || this.#scene.host.time >= this.#drainAt) return
    const ready = this.#scene.supervisor.workers.filter(({ state }) => state === 'ready')
    const mayDip = this.#most > 1 && this.#scene.supervisor.generation.config.maxSurge === 0
    const missing = mayDip ? 1 : 0
    assert.ok(ready.length >= this.#least - missing, `${process.name} is drained and ${ready.length} are ready for ${this.#least} slots`)
    if (!mayDip && this.#rollout !== undefined && process.slot < this.#least && process.generation.number !== this.#rollout) {
      const isRelief = ready.some(({ slot, generation }) => slot === process.slot && generation === this.#rollout)
      const hasOther = ready.some((other) => other !== worker && other.slot === process.slot && other.generation !== this.#rollout)
      assert.ok(!isRelief || hasOther || this.#isProven, `${process.name} is drained while its replacement is watched`)
    }
    if (!mayDip && process.slot < this.#least) {
      assert.ok(ready.some(({ slot }) => slot === process.slot), `${process.name} is drained and no worker has taken over`)
    }
  }

  /** No old code after a reload. */
  #checkCompletion (): void {
    const { generation, workers } = this.#scene.supervisor
    const accepting = workers.filter(({ state }) => state === 'ready' || state === 'starting')
    assert.ok(accepting.every((worker) => worker.generation === generation.number), 'only the new generation accepts connections')
    assert.ok(accepting.length >= this.#length, 'each slot is served')
    this.#slots = Array<number>(this.#length).fill(generation.number)
  }

  #check (): void {
    const { host, supervisor } = this.#scene
    assert.deepEqual(supervisor.workers.map(({ process }) => process), host.living, 'the table contains every process')
    for (const worker of supervisor.workers) {
      const { kills, name, isDisconnected, hungAt } = worker.process as FakeProcess
      const leavesBy = Math.min((worker.drainingAt ?? Infinity) + DRAIN_TIMEOUT, hungAt + STACK_TIMEOUT)
      const due = worker.state === 'starting' ? Math.max(worker.forkedAt + START_TIMEOUT, this.#wokeAt + READING_TIME) : leavesBy
      const limit = Math.min(due, this.#drainAt + STOP_TIMEOUT) + this.#slack
      assert.ok(kills > 0 || host.time <= limit, `${name} is ${worker.state} ${host.time - limit} ms past its deadline`)
      // A worker that fails while it already listens is taken out of rotation, and exits on its own.
      const hasFailed = worker.state === 'starting' && worker.isListening && worker.failure !== undefined
      assert.ok(hasFailed || isDisconnected === (worker.state === 'draining'), 'exactly the draining workers are disconnected')
    }
  }

  /** No worker and no rollout has anything left to do. */
  #checkRest (): void {
    const { supervisor } = this.#scene
    assert.equal(supervisor.state, 'running')
    assert.equal(this.#rollout, undefined, 'no rollout stays half way')
    assert.deepEqual(this.#scene.table(), this.#restingTable(), 'each slot has its worker')
    assert.ok(supervisor.workers.every(({ isStale }) => !isStale), 'no worker needs to be relieved')
  }
}
