import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { measurePrograms } from '../helpers/built.ts'
import { missing } from '../helpers/held-socket.ts'
import { hello } from '../helpers/http.ts'
import { NotifySocket } from '../helpers/notify-socket.ts'
import { serve } from '../helpers/program.ts'
import { createRelease, saying } from '../helpers/release.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const skip = missing('systemd-notify', 'python3')

await t.test('systemd hears of the start, of a reload with its time, and of the stop', { skip }, async (t) => {
  measurePrograms(t)
  const systemd = await new NotifySocket().open(t)
  const program = await serve(t, { env: { NOTIFY_SOCKET: systemd.path } })

  const ready = await systemd.message('READY', '1')
  const before = process.hrtime.bigint() / 1000n
  const from = systemd.messages.length
  await program.reload()
  const reloading = await systemd.message('RELOADING', '1', from)
  const reloaded = await systemd.message('READY', '1', from)
  const after = process.hrtime.bigint() / 1000n
  program.child.kill('SIGTERM')
  const { code } = await program.exit()
  const stopping = await systemd.message('STOPPING', '1')

  t.equal(ready.STATUS, 'Serving with 2 workers, generation 1')
  t.equal(reloading.STATUS, 'Reloading: 0 of 2 workers of generation 2 ready')
  const time = BigInt(String(reloading.MONOTONIC_USEC))
  t.ok(before < time && time < after, `${before} < ${time} < ${after}`)
  t.equal(reloaded.STATUS, 'Serving with 2 workers, generation 2')
  t.match(stopping.STATUS, /^Stopping: \d workers? left$/)
  t.equal(code, 0)
  await waitUntil(() => systemd.barriers >= systemd.messages.length, () => 'a barrier behind each message')
  t.notOk(systemd.messages.some((message) => 'WATCHDOG' in message), 'the watchdog is off')
})

await t.test('systemd hears why a reload failed, and that the service is ready all the same', { skip }, async (t) => {
  const systemd = await new NotifySocket().open(t)
  const { path, deploy } = createRelease(t, saying('one'))
  const program = await serve(t, { args: [path], env: { NOTIFY_SOCKET: systemd.path } })
  await systemd.message('READY', '1')
  const from = systemd.messages.length

  deploy("throw new Error('no database')")
  await program.reload()

  await systemd.message('RELOADING', '1', from)
  t.equal((await systemd.message('READY', '1', from)).STATUS, 'Serving with 2 workers, generation 1; the last reload failed: no database')
})

await t.test('the watchdog hears of a pool that serves', { skip }, async (t) => {
  const systemd = await new NotifySocket().open(t)
  await serve(t, { env: { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: '200000' } })

  await systemd.message('READY', '1')
  await systemd.message('WATCHDOG', '1', systemd.messages.length)

  t.pass('it did')
})

await t.test('without systemd-notify that is one warning, and everything else works', async (t) => {
  const program = await serve(t, { env: { NOTIFY_SOCKET: '/nowhere', PATH: t.testdir({}) } })
  const isWarning = ({ msg }: { msg: string }): boolean => msg.startsWith('systemd was not notified')
  await program.line(isWarning)

  t.equal((await program.reload()).event, 'reload:completed')
  t.equal((await hello(program.url)).generation, 2)
  program.child.kill('SIGTERM')

  t.same(await program.exit(), { code: 0, signal: null })
  t.equal(program.lines.filter(isWarning).length, 1)
})

await t.test('a stop waits until systemd knows of it', async (t) => {
  const folder = t.testdir({})
  const PATH = standIn(folder, `case "$*" in *STOPPING=1*) /bin/sleep 0.5; echo told > '${folder}/told';; esac`)
  const program = await serve(t, { env: { NOTIFY_SOCKET: '/nowhere', PATH } })

  program.child.kill('SIGTERM')
  await program.exit()

  t.ok(existsSync(join(folder, 'told')))
})

await t.test('a stop does not wait for ever until systemd knows of it', async (t) => {
  const folder = t.testdir({})
  const PATH = standIn(folder, `echo $$ > '${folder}/pid.next'; /bin/mv '${folder}/pid.next' '${folder}/pid'; exec /bin/sleep 600`)
  const program = await serve(t, { env: { NOTIFY_SOCKET: '/nowhere', PATH } })
  await waitUntil(() => existsSync(join(folder, 'pid')), () => 'the program')
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
  t.teardown(() => { try { process.kill(pid, 'SIGKILL') } catch {} })

  program.child.kill('SIGTERM')

  t.same(await program.exit(), { code: 0, signal: null })
})

/** @returns the PATH with which a script is found as systemd-notify */
function standIn (folder: string, script: string): string {
  const bin = join(folder, 'systemd-notify')
  writeFileSync(bin, `#!/bin/sh\n${script}\n`)
  chmodSync(bin, 0o755)
  return folder
}
