import t from 'tap'
import { afterCrash, isLoopingUntil, NO_CRASHES, type Intensity, type RestartState } from '../../../src/primary/supervisor/restart-policy.ts'

const MAX_RESTARTS = 5
const RESTART_WINDOW = 60_000
const INTENSITY: Intensity = { maxRestarts: MAX_RESTARTS, restartWindow: RESTART_WINDOW }

/** Crashes at these times, with unshortened delays. */
function crash (times: readonly number[], from: RestartState = NO_CRASHES): RestartState {
  return times.reduce((state, time) => afterCrash(state, time, 1, INTENSITY), from)
}

/** A worker that crashes as soon as it is started, each time. */
function crashLoop (crashes: number, from: RestartState, now: number): { delays: number[], state: RestartState, now: number } {
  const delays: number[] = []
  let state = from
  let time = now
  for (let count = 0; count < crashes; count++) {
    state = afterCrash(state, time, 1, INTENSITY)
    delays.push(state.restartAt - time)
    time = state.restartAt
  }
  return { delays, state, now: time }
}

await t.test('workers that crash rarely are restarted at once', async (t) => {
  const { delays, state } = crashLoop(MAX_RESTARTS, NO_CRASHES, 1000)

  t.strictSame(delays, [0, 0, 0, 0, 0])
  t.equal(isLoopingUntil(state, INTENSITY), 0)
})

await t.test('after more than five crashes in a minute the delay doubles up to 30 seconds', async (t) => {
  const { delays } = crashLoop(MAX_RESTARTS + 11, NO_CRASHES, 1000)

  t.strictSame(delays.slice(MAX_RESTARTS), [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
})

await t.test('five crashes in each minute are rare', async (t) => {
  const state = crash([0, 1, 2, 3, 4, 60_000, 60_001])

  t.same(state, { crashes: [2, 3, 4, 60_000, 60_001], delays: 0, restartAt: 60_001 })
})

await t.test('the random factor shortens a delay by at most half', async (t) => {
  const state = crash([0, 1, 2, 3, 4])

  t.equal(afterCrash(state, 10, 0, INTENSITY).restartAt, 60)
  t.equal(afterCrash(state, 10, 0.5, INTENSITY).restartAt, 85)
  t.equal(afterCrash(state, 10, 1, INTENSITY).restartAt, 110)
})

await t.test('workers that crash while a restart is delayed wait for the same moment', async (t) => {
  const state = crash([0, 1, 2, 3, 4, 10])

  const after = crash([11, 12, 109], state)

  t.equal(after.restartAt, 110)
  t.equal(after.delays, 1)
  t.equal(after.crashes.length, 9)
})

await t.test('many workers that crash at once are restarted within 100 ms', async (t) => {
  const state = crash(Array<number>(64).fill(1000))

  t.equal(state.restartAt, 1100)
})

await t.test('the delay keeps growing although it slows the crashes down', async (t) => {
  const { state, now } = crashLoop(20, NO_CRASHES, 0)

  const next = afterCrash(state, now, 1, INTENSITY)

  t.ok(next.crashes.length <= MAX_RESTARTS)
  t.equal(next.restartAt - now, 30_000)
})

await t.test('a minute without a crash resets the delay', async (t) => {
  const { state, now } = crashLoop(20, NO_CRASHES, 0)

  const next = afterCrash(state, now + RESTART_WINDOW, 1, INTENSITY)

  t.strictSame(next, { crashes: [now + RESTART_WINDOW], delays: 0, restartAt: now + RESTART_WINDOW })
})

await t.test('workers crash in a loop from the first delay until a minute after the last crash', async (t) => {
  const state = crash([0, 1, 2, 3, 4, 10, 20])

  t.equal(isLoopingUntil(state, INTENSITY), 20 + RESTART_WINDOW)
  t.equal(isLoopingUntil(NO_CRASHES, INTENSITY), 0)
})

await t.test('the restart intensity can be set, down to 0', async (t) => {
  const strict = { maxRestarts: 0, restartWindow: 500 }

  const once = afterCrash(NO_CRASHES, 1000, 1, strict)
  const later = afterCrash(once, 1499, 1, strict)
  const quiet = afterCrash(once, 1500, 1, { maxRestarts: 1, restartWindow: 500 })

  t.equal(once.restartAt, 1100)
  t.equal(isLoopingUntil(once, strict), 1500)
  t.strictSame(later, { crashes: [1000, 1499], delays: 2, restartAt: 1699 })
  t.strictSame(quiet, { crashes: [1500], delays: 0, restartAt: 1500 })
})
