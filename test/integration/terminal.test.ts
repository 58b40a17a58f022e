import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { isAlive } from '../helpers/program.ts'
import { ROOT } from '../helpers/root.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const MAIN = join(ROOT, 'dist/main.js')
const hasScript = spawnSync('script', ['--version']).status === 0

await t.test('a terminal that closes stops the service that was started from it', {
  skip: hasScript ? false : 'the program "script" (Debian: bsdutils) is not installed'
}, async (t) => {
  const pidFile = join(t.testdir({}), 'pid')
  const terminal = spawn('script', ['-qfc', `${process.execPath} ${MAIN}`, '/dev/null'], {
    env: { ...process.env, PORT: '0', PID_FILE: pidFile, WORKERS: '1' }, stdio: ['pipe', 'ignore', 'ignore']
  })
  t.teardown(() => { terminal.kill('SIGKILL') })
  const read = (): number => {
    try {
      return Number(readFileSync(pidFile, 'utf8'))
    } catch {
      return 0
    }
  }
  await waitUntil(() => read() > 0, () => 'the service')
  const pid = read()

  terminal.kill('SIGKILL')

  await waitUntil(() => !isAlive(pid), () => 'the end of the service')
  t.equal(read(), 0, 'it has removed its PID file: it was not killed')
})
