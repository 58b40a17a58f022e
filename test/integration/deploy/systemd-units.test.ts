import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { ExitCode } from '../../../src/exit-codes.ts'
import { missing } from '../../helpers/held-socket.ts'
import { ROOT } from '../../helpers/root.ts'

const SERVICE = join(ROOT, 'deploy/systemd/baton.service')
const unit = readFileSync(SERVICE, 'utf8')

/** The exposure up to which systemd says OK, as the issue of its hardening asked for. */
const OK = 5

await t.test('the exposure of the service is OK, and what docs/systemd.md says', { skip: missing('systemd-analyze') }, async (t) => {
  const { stdout, stderr } = spawnSync('systemd-analyze', ['security', '--no-pager', '--offline=true', SERVICE], { encoding: 'utf8' })
  const version = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).stdout
  const [, exposure] = /Overall exposure level for baton\.service: ([\d.]+)/.exec(stdout) ?? []
  const [, documented] = /exposure level is \*\*([\d.]+)\*\*/.exec(readFileSync(join(ROOT, 'docs/systemd.md'), 'utf8')) ?? []

  t.ok(Number(exposure) <= OK, `${exposure} ${stderr}`)
  // Other versions look at other things.
  if (version.startsWith('systemd 252 ')) t.equal(exposure, documented)
})

await t.test('systemd waits longer for a stop than the stop takes', async (t) => {
  const { stopDelay, stopTimeout } = readConfig({})

  t.ok(Number(value('TimeoutStopSec')) * 1000 > stopDelay + stopTimeout + 2000)
})

await t.test('systemd does not start again what no restart mends, and does after exit code 4', async (t) => {
  const prevented = value('RestartPreventExitStatus').split(' ').map(Number)

  t.strictSame(prevented, [ExitCode.usage, ExitCode.configuration])
  t.equal(value('Restart'), 'on-failure')
})

await t.test('only the primary is asked to stop, and systemd listens to systemd-notify', async (t) => {
  t.equal(value('Type'), 'notify')
  t.equal(value('KillMode'), 'mixed')
  t.equal(value('NotifyAccess'), 'all')
  t.match(value('ExecReload'), /dist\/main\.js reload$/)
})

function value (name: string): string {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? ''
}
