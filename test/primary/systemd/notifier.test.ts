import t from 'tap'
import type { Logger } from '../../../src/log/logger.ts'
import type { Notification } from '../../../src/primary/systemd/notification.ts'
import { notifySystemd, type Notifier } from '../../../src/primary/systemd/notifier.ts'
import { supervise, type Scene, type Settings } from '../supervisor/supervise.ts'

/** A supervisor on a fake host, and what is sent to systemd. */
class Watched {
  readonly scene: Scene
  readonly sent: Notification[] = []
  readonly flushes: number[] = []
  readonly notifier: Notifier
  watchInterval = 0
  ping = (): void => {}

  constructor (settings: Settings = {}) {
    this.scene = supervise(settings)
    this.notifier = notifySystemd(
      this.scene.supervisor,
      { notifyEnvironment: { NOTIFY_SOCKET: 's' }, watchdogTimeout: 30_000, inheritedSocket: undefined },
      {} as unknown as Logger,
      {
        send: (notification) => { this.sent.push(notification) },
        flush: async (timeout) => { this.flushes.push(timeout) }
      },
      {
        now: () => this.scene.host.time,
        microseconds: () => 123n,
        every: (interval, fire) => { this.watchInterval = interval; this.ping = fire }
      }
    )
  }

  /** @returns what was sent since the last call, as text */
  async takeSent (): Promise<string[]> {
    await new Promise((resolve) => { setImmediate(resolve) })
    return this.sent.splice(0).map((notification) => Object.entries(notification).map(([name, value]) => `${name}=${value}`).join(' '))
  }

  /** Waits until the service serves, and drops what was sent until then. */
  async serving (): Promise<this> {
    this.scene.supervisor.start()
    this.scene.settle()
    await this.takeSent()
    return this
  }
}

await t.test('READY when the first generation is complete', async (t) => {
  const watched = new Watched()
  watched.scene.supervisor.start()
  const starting = await watched.takeSent()

  watched.scene.worker('0/1').becomesReady()
  const half = await watched.takeSent()
  watched.scene.worker('1/1').becomesReady()

  t.strictSame(starting, ['STATUS=Starting 2 workers'])
  t.strictSame(half, [])
  t.strictSame(await watched.takeSent(), ['READY=1 STATUS=Serving with 2 workers, generation 1'])
})

await t.test('RELOADING with the time and READY around a rollout, and its progress in between', async (t) => {
  const watched = await new Watched().serving()

  watched.scene.supervisor.reload()
  const started = await watched.takeSent()
  watched.scene.worker('0/2').becomesReady()
  const half = await watched.takeSent()
  watched.scene.settle()

  t.strictSame(started, ['RELOADING=1 MONOTONIC_USEC=123 STATUS=Reloading: 0 of 2 workers of generation 2 ready'])
  t.strictSame(half, ['STATUS=Reloading: 1 of 2 workers of generation 2 ready'])
  t.strictSame(await watched.takeSent(), ['READY=1 STATUS=Serving with 2 workers, generation 2'])
})

await t.test('READY after a failed rollout, with the reason', async (t) => {
  const watched = await new Watched().serving()
  watched.scene.supervisor.reload()
  await watched.takeSent()

  watched.scene.worker('0/2').says({ type: 'failed', error: { message: 'no database' } })
  watched.scene.worker('0/2').exits(1)

  t.strictSame(await watched.takeSent(), ['READY=1 STATUS=Serving with 2 workers, generation 1; the last reload failed: no database'])
})

await t.test('RELOADING and READY when a reload is refused, because Type=notify-reload waits for both', async (t) => {
  const watched = await new Watched().serving()
  watched.scene.settings = new Error('PORT is 0')

  watched.scene.supervisor.reload()

  t.strictSame(await watched.takeSent(), [
    'RELOADING=1 MONOTONIC_USEC=123', 'READY=1 STATUS=Serving with 2 workers, generation 1; the last reload was refused: PORT is 0'
  ])
})

await t.test('no READY when the reload was refused during another one', async (t) => {
  const watched = await new Watched().serving()
  watched.scene.supervisor.reload()
  await watched.takeSent()
  watched.scene.settings = new Error('PORT is 0')

  watched.scene.supervisor.reload()

  t.strictSame(await watched.takeSent(), ['RELOADING=1 MONOTONIC_USEC=123'])
})

await t.test('no READY for a rollout that a stop ends, but STOPPING, and how many workers are left', async (t) => {
  const watched = await new Watched().serving()
  watched.scene.supervisor.reload()
  await watched.takeSent()

  watched.scene.supervisor.stop({ delay: 0, idleTimeout: 0 })
  const stopping = await watched.takeSent()
  watched.scene.worker('0/1').exits()

  t.strictSame(stopping, ['STOPPING=1 STATUS=Stopping: 3 workers left'])
  t.strictSame(await watched.takeSent(), ['STATUS=Stopping: 2 workers left'])
})

await t.test('no READY in between for a reload that overtakes another', async (t) => {
  const watched = await new Watched().serving()
  watched.scene.supervisor.reload()
  await watched.takeSent()

  watched.scene.supervisor.reload()
  watched.scene.worker('0/2').exits(0)
  const overtaking = await watched.takeSent()
  watched.scene.settle()

  t.strictSame(overtaking, ['RELOADING=1 MONOTONIC_USEC=123 STATUS=Reloading: 0 of 2 workers of generation 3 ready'])
  t.strictSame(await watched.takeSent(), ['READY=1 STATUS=Serving with 2 workers, generation 3'])
})

await t.test('STOPPING when the service gives up', async (t) => {
  const watched = await new Watched().serving()

  watched.scene.supervisor.giveUp(new Error('the socket is lost'))

  t.strictSame(await watched.takeSent(), ['STOPPING=1 STATUS=Stopping: 2 workers left'])
})

await t.test('the status shows a crash until the worker is replaced', async (t) => {
  const watched = await new Watched().serving()

  watched.scene.worker('0/1').exits(1)
  const crashed = await watched.takeSent()
  watched.scene.settle()

  t.strictSame(crashed, ['STATUS=Serving with 1 of 2 workers, generation 1'])
  t.strictSame(await watched.takeSent(), ['STATUS=Serving with 2 workers, generation 1'])
})

await t.test('WATCHDOG twice in each timeout, while a worker serves', async (t) => {
  const watched = await new Watched().serving()

  watched.ping()

  t.equal(watched.watchInterval, 15_000)
  t.strictSame(await watched.takeSent(), ['WATCHDOG=1'])
})

await t.test('no WATCHDOG when no worker has served for longer than the supervisor should wait', async (t) => {
  const watched = await new Watched({ WORKERS: '1', GIVE_UP_MS: '10000' }).serving()
  watched.ping()
  await watched.takeSent()

  watched.scene.worker('0/1').exits(1)
  await watched.takeSent()
  watched.scene.host.suspend(14_999)
  watched.ping()
  const within = await watched.takeSent()
  watched.scene.host.suspend(1)
  watched.ping()

  t.strictSame(within, ['WATCHDOG=1'])
  t.strictSame(await watched.takeSent(), [])
})

await t.test('a stop waits at most a second for the last notification', async (t) => {
  const watched = new Watched()

  await watched.notifier.flush()

  t.strictSame(watched.flushes, [1000])
})

await t.test('without a notification socket nothing is sent, and a flush does not wait', async (t) => {
  const { supervisor } = supervise()
  const send = (): void => { t.fail('nothing should be sent') }
  const flush = async (): Promise<void> => { t.fail('nothing should be flushed') }
  const notifier = notifySystemd(
    supervisor, { notifyEnvironment: undefined, watchdogTimeout: 30_000, inheritedSocket: undefined }, {} as unknown as Logger, { send, flush }
  )

  await notifier.flush()

  t.equal(supervisor.listenerCount('stopping'), 0)
})

await t.test('without a watchdog there are no pings', async (t) => {
  const { supervisor } = supervise()
  const every = (): void => { t.fail('no timer should be started') }

  notifySystemd(
    supervisor, { notifyEnvironment: {}, watchdogTimeout: undefined, inheritedSocket: undefined }, {} as unknown as Logger,
    { send: () => {}, flush: async () => {} }, { now: () => 0, microseconds: () => 0n, every }
  )

  t.equal(supervisor.listenerCount('stopping'), 1)
})
