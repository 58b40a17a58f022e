import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Logger } from '../../../src/log/logger.ts'
import { SystemdNotify, type NotifyFailure } from '../../../src/primary/systemd/systemd-notify.ts'
import { waitUntil } from '../../helpers/wait-until.ts'

/** The program; each run ends when the test calls `ends()`. */
class FakeProgram {
  readonly runs: string[] = []
  readonly warnings: unknown[] = []
  readonly systemd: SystemdNotify
  #done: (error: NotifyFailure | null) => void = () => {}

  constructor () {
    const log = { warn: ({ err }: { err: unknown }) => { this.warnings.push(err) } } as unknown as Logger
    this.systemd = new SystemdNotify({ NOTIFY_SOCKET: 's' }, log, (assignments, _environment, done) => {
      this.runs.push(assignments.join(' '))
      this.#done = done
    })
  }

  ends (error: NotifyFailure | null = null): void {
    this.#done(error)
  }
}

await t.test('the program runs once at a time; notifications that wait are sent together', async (t) => {
  const program = new FakeProgram()
  program.systemd.send({ READY: 1, STATUS: 'a' })
  program.systemd.send({ STATUS: 'b' })
  program.systemd.send({ STATUS: 'c' })
  const before = [...program.runs]

  program.ends()
  program.ends()
  program.systemd.send({ STATUS: 'd' })

  t.strictSame(before, ['READY=1 STATUS=a'])
  t.strictSame(program.runs, ['READY=1 STATUS=a', 'STATUS=c', 'STATUS=d'])
})

await t.test('a failure logs one warning, and the next notification is sent', async (t) => {
  const program = new FakeProgram()
  for (const STATUS of ['a', 'b', 'c']) program.systemd.send({ STATUS })
  const failure = Object.assign(new Error('failed'), { code: 1 })

  program.ends(failure)
  program.ends(failure)

  t.strictSame(program.runs, ['STATUS=a', 'STATUS=c'])
  t.strictSame(program.warnings, [failure])
})

await t.test('a missing program is tried only once', async (t) => {
  const program = new FakeProgram()
  program.systemd.send({ STATUS: 'a' })
  program.systemd.send({ STATUS: 'b' })

  program.ends(Object.assign(new Error('not found'), { code: 'ENOENT' }))
  program.systemd.send({ STATUS: 'c' })

  t.strictSame(program.runs, ['STATUS=a'])
  t.equal(program.warnings.length, 1)
})

await t.test('a flush waits for the notification in progress, and for those that wait behind it', async (t) => {
  const program = new FakeProgram()
  let isDone = false
  program.systemd.send({ READY: 1 })
  program.systemd.send({ STOPPING: 1 })
  const flushed = program.systemd.flush(1_000_000).then(() => { isDone = true })

  program.ends()
  await new Promise((resolve) => { setImmediate(resolve) })
  const half = isDone
  program.ends()
  await flushed

  t.strictSame([half, isDone], [false, true])
})

await t.test('a flush resolves when nothing is pending', async (t) => {
  await new FakeProgram().systemd.flush(1_000_000)

  t.pass('it is')
})

await t.test('a flush does not wait longer than its timeout', async (t) => {
  const program = new FakeProgram()
  program.systemd.send({ STOPPING: 1 })

  await program.systemd.flush(1)

  t.strictSame(program.runs, ['STOPPING=1'])
})

await t.test('the real program is found in PATH, and gets each assignment as one argument and nothing else in its environment', async (t) => {
  const folder = t.testdir({})
  const program = join(folder, 'systemd-notify')
  writeFileSync(program, `#!/bin/sh\n{ printf '<%s>' "$@"; /usr/bin/env; } > '${folder}/out.next'\nexec /bin/mv '${folder}/out.next' '${folder}/out'\n`)
  chmodSync(program, 0o755)
  const systemd = new SystemdNotify({ NOTIFY_SOCKET: '/run/s', PATH: folder }, {} as unknown as Logger)
  systemd.send({ READY: 1, STATUS: 'all is well' })

  await systemd.flush(20_000)

  const out = readFileSync(join(folder, 'out'), 'utf8')
  t.match(out, '<READY=1><STATUS=all is well>')
  t.match(out, 'NOTIFY_SOCKET=/run/s\n')
  t.notMatch(out, 'HOME=')
})

await t.test('without the program a warning is logged', async (t) => {
  const warnings: string[] = []
  const log = { warn: (_fields: object, text: string) => { warnings.push(text) } } as unknown as Logger
  new SystemdNotify({ NOTIFY_SOCKET: '/run/s', PATH: t.testdir({}) }, log).send({ READY: 1 })

  await waitUntil(() => warnings.length > 0, () => 'the warning')

  t.match(warnings, [/Install the package/])
})
