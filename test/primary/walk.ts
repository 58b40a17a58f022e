import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PROTOCOL } from '../../src/messages.ts'
import type { WorkerHandle } from '../../src/primary/worker-handle.ts'
import type { FakeProcess } from './fake-host.ts'
import { Scene } from './supervise.ts'

/** Something that happens to a pool. Which worker it happens to is `pick`, counted among those that it can happen to. */
export interface Step {
  readonly does: 'ready' | 'listens' | 'saysReady' | 'mismatches' | 'drained' | 'crashes' | 'exits' | 'failed' | 'relieve' |
    'progress' | 'chatters' | 'forksFail' | 'forksWork' | 'waits' | 'wakes' | 'hup' | 'refused' | 'scales' | 'stops'
  readonly pick: number
}

export interface Walk {
  readonly workers: number
  readonly maxSurge: number
  readonly maxDraining: number
  /** Milliseconds that pass whenever the supervisor looks at the clock. */
  readonly creep: number
  readonly steps: readonly Step[]
  /** Whether everybody behaves well in the end, or a stop meets whatever there is, well behaved or stubborn. */
  readonly ending: 'settle' | 'stop' | 'stubborn stop'
}

const START_TIMEOUT = 1000
const DRAIN_TIMEOUT = 2000
const STOP_TIMEOUT = 1500
/** Far more than any walk needs. */
const MAX_STEPS = 2000
const WAITS = [0, 1, 99, 400, 999, 1000, 2000, 30_000, 61_000]

const step = (weight: number, ...does: Array<Step['does']>) => ({
  weight,
  arbitrary: fc.record({ does: fc.constantFrom(...does), pick: fc.nat(11) }) as fc.Arbitrary<Step>
})

export const walks: fc.Arbitrary<Walk> = fc.integer({ min: 1, max: 4 }).chain((workers) => fc.record({
  workers: fc.constant(workers),
  maxSurge: fc.integer({ min: workers === 1 ? 1 : 0, max: workers }),
  maxDraining: fc.integer({ min: 1, max: 2 * workers }),
  creep: fc.constantFrom(0, 0, 1),
  steps: fc.array(fc.oneof(
    step(12, 'ready'),
    step(6, 'drained'),
    step(5, 'waits', 'wakes'),
    step(4, 'crashes', 'hup'),
    step(3, 'exits', 'relieve', 'failed', 'scales'),
    step(1, 'listens', 'saysReady', 'mismatches', 'progress', 'chatters', 'forksFail', 'forksWork', 'refused', 'stops')
  ), { maxLength: 80, size: 'max' }),
  ending: fc.constantFrom('settle', 'settle', 'stop', 'stubborn stop')
}))

/** Goes one walk, and holds the pool to its promises after each step. */
export class WalkedPool {
  readonly #scene: Scene
  readonly #settings: Record<string, string>
  /** How many workers there should be, and of which generation. */
  #slots: number[]
  #drainAt = Infinity
  #rollouts = 0

  constructor ({ workers, maxSurge, maxDraining, creep }: Walk) {
    this.#settings = {
      WORKERS: String(workers),
      MAX_SURGE: String(maxSurge),
      MAX_DRAINING: String(maxDraining),
      START_TIMEOUT_MS: String(START_TIMEOUT),
      DRAIN_TIMEOUT_MS: String(DRAIN_TIMEOUT),
      STOP_TIMEOUT_MS: String(STOP_TIMEOUT)
    }
    this.#slots = Array<number>(workers).fill(1)
    this.#scene = new Scene(this.#settings)
    this.#scene.host.creep = creep
    this.#scene.host.onFork = (process) => {
      process.onDisconnect = () => { this.#checkDrain(process) }
      this.#checkFork(process)
    }
    this.#scene.onLine = ({ event, slots }) => {
      if (event === 'reload:started') this.#rollouts++
      if (event === 'reload:completed' || event === 'reload:failed') this.#rollouts--
      if (event === 'reload:failed') this.#slots = [...slots as number[]]
      if (event === 'reload:completed') this.#checkCompletion()
    }
  }

  start (): void {
    this.#scene.supervisor.start()
    this.#check()
  }

  take ({ does, pick }: Step): void {
    const { host, supervisor } = this.#scene
    const someone = (suits: (process: FakeProcess) => boolean = () => true): FakeProcess | undefined => {
      const suited = host.living.filter((process) => process.pid !== undefined && suits(process))
      return suited[pick % suited.length]
    }

    if (does === 'ready') someone(({ isReady }) => !isReady)?.becomesReady()
    if (does === 'listens') someone(({ isReady }) => !isReady)?.listens()
    if (does === 'saysReady') someone()?.says({ type: 'ready', protocol: PROTOCOL })
    if (does === 'mismatches') someone(({ isReady }) => !isReady)?.says({ type: 'ready', protocol: PROTOCOL + 1 })
    if (does === 'drained') someone(({ isDisconnected }) => isDisconnected)?.exits()
    if (does === 'crashes') someone()?.exits(null, 'SIGSEGV')
    if (does === 'exits') someone(({ isDisconnected }) => !isDisconnected)?.exits(pick % 2)
    if (does === 'failed') someone()?.says({ type: 'failed', error: { message: 'nobody caught it' } })
    if (does === 'relieve') someone()?.says({ type: 'relieve' })
    if (does === 'progress') someone()?.says({ type: 'draining', progress: { requests: pick % 3, connections: pick } })
    if (does === 'chatters') someone()?.receives(['ready', null, { baton: 1 }, { baton: {} }, 7][pick % 5])
    if (does === 'forksFail') host.failsToFork = true
    if (does === 'forksWork') host.failsToFork = false
    if (does === 'waits') host.advance(WAITS[pick % WAITS.length] as number)
    if (does === 'wakes' && host.hasTimer) host.advance(host.nextTimer - host.time)
    if (does === 'hup') this.#reload(pick % 3 === 0 ? { MAX_SURGE: String(Math.max(pick % 4, 1)), WORKERS: '4' } : {})
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
      this.#reload({})
      this.#settle()
      this.#checkRest()
      assert.equal(this.#scene.line('reload:completed')?.generation, this.#slots[0], 'a release that starts is rolled out')
    }
    this.#stop(0)
    this.#settle(ending === 'stubborn stop')
    assert.deepEqual(this.#scene.table(), [], 'after a stop nobody is left')
    assert.equal(this.#scene.supervisor.state, 'stopped')
    assert.equal(this.#scene.stopped.length, 1, 'a stop ends once')
    assert.equal(this.#scene.host.hasTimer, false, 'a stopped supervisor waits for nothing')
  }

  #reload (settings: Record<string, string> | Error): void {
    this.#scene.settings = settings instanceof Error ? settings : { ...this.#settings, ...settings }
    this.#scene.supervisor.reload()
  }

  #scale (difference: number): void {
    const length = Math.max(1, this.#slots.length + difference)
    const isIgnored = this.#drainAt < Infinity
    if (!isIgnored) {
      const added = Array<number>(Math.max(0, difference)).fill(this.#scene.supervisor.generation.number)
      this.#slots = [...this.#slots.slice(0, length), ...added]
    }
    this.#scene.supervisor.scale(difference)
  }

  #stop (delay: number): void {
    if (this.#drainAt === Infinity) this.#drainAt = this.#scene.host.time + delay
    this.#scene.supervisor.stop({ delay, idleTimeout: 1000 })
  }

  /** From now on everybody does what is asked; or nobody does, and only a kill helps. */
  #settle (areStubborn = false): void {
    const { host } = this.#scene
    host.failsToFork = false
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      this.#check()
      const late = host.living.find(({ pid, kills, isDisconnected }) => pid === undefined || kills > 0 || (isDisconnected && !areStubborn))
      const starting = this.#scene.supervisor.workers.find(({ state }) => state === 'starting')
      if (late?.pid === undefined && late !== undefined) late.fails('EAGAIN')
      else if (late !== undefined) late.exits(late.kills > 0 ? null : 0, late.kills > 0 ? 'SIGKILL' : null)
      else if (starting !== undefined && !areStubborn) this.#startsWell(starting)
      else if (host.hasTimer) host.advance(Math.max(0, host.nextTimer - host.time))
      else return
    }
    assert.fail(`the pool does not settle: ${this.#scene.table().join(', ')}`)
  }

  #startsWell ({ process, failure }: WorkerHandle): void {
    if (failure === undefined) (process as FakeProcess).becomesReady()
    else (process as FakeProcess).exits(1)
  }

  get #maxSurge (): number {
    const { maxSurge } = this.#scene.supervisor.generation.config
    return this.#slots.length === 1 ? Math.max(1, maxSurge) : maxSurge
  }

  /** What a creeping clock may add to the time that the supervisor went by. */
  get #slack (): number {
    return this.#scene.host.creep * 200
  }

  #count (...states: Array<WorkerHandle['state']>): number {
    return this.#scene.supervisor.workers.filter(({ state }) => states.includes(state)).length
  }

  #checkFork ({ slot, name }: FakeProcess): void {
    assert.equal(this.#scene.stopped.length, 0, 'nothing is forked after the end')
    assert.ok(this.#scene.host.time <= this.#drainAt + this.#slack, 'nothing is forked while everything drains')
    assert.ok(slot < this.#slots.length, `${name} is forked for a slot that is wanted`)
    const living = this.#maxSurge === 0 ? this.#count('starting', 'ready', 'draining') : this.#count('starting', 'ready')
    assert.ok(living <= this.#slots.length + this.#maxSurge, `${living} live for ${this.#slots.length} slots and a surge of ${this.#maxSurge}`)
  }

  #checkDrain (process: FakeProcess): void {
    const worker = this.#scene.supervisor.workers.find((worker) => worker.process === process) as WorkerHandle
    if (worker.readyAt === undefined || this.#scene.host.time >= this.#drainAt) return
    const ready = this.#scene.supervisor.workers.filter(({ state }) => state === 'ready')
    const missing = this.#maxSurge === 0 ? 1 : 0
    assert.ok(ready.length >= this.#slots.length - missing, `${process.name} is drained and ${ready.length} are ready for ${this.#slots.length} slots`)
    if (this.#maxSurge > 0 && process.slot < this.#slots.length) {
      assert.ok(ready.some(({ slot }) => slot === process.slot), `${process.name} is drained and nobody has taken over`)
    }
  }

  /** No old code after a reload. */
  #checkCompletion (): void {
    const { generation, workers } = this.#scene.supervisor
    const accepting = workers.filter(({ state }) => state === 'ready' || state === 'starting')
    assert.ok(accepting.every((worker) => worker.generation === generation.number), 'only the new generation accepts connections')
    assert.ok(accepting.length >= this.#slots.length, 'each slot is served')
    this.#slots.fill(generation.number)
  }

  #check (): void {
    const { host, supervisor } = this.#scene
    assert.ok(this.#rollouts === 0 || this.#rollouts === 1, 'one generation at most is rolled out')
    assert.deepEqual(supervisor.workers.map(({ process }) => process), host.living, 'the table knows every process')
    for (const worker of supervisor.workers) {
      const { kills, name, isDisconnected } = worker.process as FakeProcess
      const due = worker.state === 'starting' ? worker.forkedAt + START_TIMEOUT : (worker.drainingAt ?? Infinity) + DRAIN_TIMEOUT
      const limit = Math.min(due, this.#drainAt + STOP_TIMEOUT) + this.#slack
      assert.ok(kills > 0 || host.time <= limit, `${name} is ${worker.state} ${host.time - limit} ms past its deadline`)
      assert.equal(isDisconnected, worker.state === 'draining', 'whoever drains was told so')
    }
  }

  /** Nobody has anything to do any more. */
  #checkRest (): void {
    const { supervisor } = this.#scene
    assert.equal(supervisor.state, 'running')
    assert.equal(this.#rollouts, 0, 'no rollout stays half way')
    assert.deepEqual(this.#scene.table(), this.#slots.map((generation, slot) => `${slot}/${generation} ready`), 'each slot has its worker')
    assert.ok(supervisor.workers.every(({ isStale }) => !isStale), 'nobody is to be relieved any more')
  }
}
