import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkPidFile, removePidFile, writePidFile } from '../../../src/primary/pid-file.ts'

const NOBODY = 65534

/** @returns the path of a PID file in a folder of its own, with the given text in it */
function createFile (t: Test, text?: string): string {
  const path = join(t.testdir({}), 'baton.pid')
  if (text !== undefined) writeFileSync(path, text)
  return path
}

/** @returns the pid of a process that has ended */
function endedProcess (): number {
  return spawnSync('true').pid
}

/** Runs without the rights of root, who may write everywhere. */
function asNobody<Result> (run: () => Result): Result {
  if (process.geteuid?.() !== 0) return run()
  process.seteuid?.(NOBODY)
  try {
    return run()
  } finally {
    process.seteuid?.(0)
  }
}

await t.test('the file contains the pid and a newline, and is removed at the end', async (t) => {
  const path = createFile(t)

  checkPidFile(path)
  t.notOk(existsSync(path), 'a check leaves no file')
  writePidFile(path)
  t.equal(readFileSync(path, 'utf8'), `${process.pid}\n`)
  removePidFile(path)

  t.notOk(existsSync(path))
})

const FREE: Readonly<Record<string, () => string>> = {
  'a process that has exited': () => `${endedProcess()}\n`,
  'this process': () => `${process.pid}\n`,
  nothing: () => '',
  'no number': () => 'garbage\n',
  'two numbers': () => '1\n2\n',
  'a part of a process': () => '1.5',
  'a process group': () => '-1',
  zero: () => '0\n',
  'a pid that cannot be': () => '99999999999',
  'no text at all': () => '\0\xff\0'
}

for (const [name, text] of Object.entries(FREE)) {
  await t.test(`a file that contains ${name} may be replaced`, async (t) => {
    const path = createFile(t, text())
    const before = readFileSync(path)

    t.doesNotThrow(() => { checkPidFile(path) })

    t.strictSame(readFileSync(path), before, 'a check changes nothing')
  })
}

await t.test('a file with the pid of a living process is refused', async (t) => {
  const path = createFile(t, ` ${process.ppid} \n`)

  t.throws(() => { checkPidFile(path) }, {
    code: 'BATON_PID_FILE_HELD', message: `PID_FILE ${path} names process ${process.ppid}, which is running: stop it first, or give this instance its own file`
  })
})

await t.test('a file with the pid of another user\'s process, which may not be signalled, is refused', async (t) => {
  const path = createFile(t, '42\n')
  const kills = t.intercept(process, 'kill', { value: () => { throw Object.assign(new Error('no'), { code: 'EPERM' }) } })

  t.throws(() => { checkPidFile(path) }, { code: 'BATON_PID_FILE_HELD' })

  t.equal(kills().length, 1)
})

const UNUSABLE: Readonly<Record<string, readonly [prepare: (folder: string) => string, reason: RegExp]>> = {
  'in a missing folder': [(folder) => join(folder, 'missing', 'baton.pid'), /ENOENT/],
  'in a file': [(folder) => {
    writeFileSync(join(folder, 'file'), '')
    return join(folder, 'file', 'baton.pid')
  }, /ENOTDIR/],
  'that is a folder': [(folder) => folder, /EISDIR/]
}

const LOCKED: typeof UNUSABLE = {
  'in a read-only folder': [(folder) => {
    mkdirSync(join(folder, 'locked'))
    chmodSync(join(folder, 'locked'), 0o555)
    return join(folder, 'locked', 'baton.pid')
  }, /EACCES/],
  'that is read-only': [(folder) => {
    writeFileSync(join(folder, 'locked.pid'), '', { mode: 0o444 })
    return join(folder, 'locked.pid')
  }, /EACCES/]
}

for (const [name, [prepare, reason]] of Object.entries({ ...UNUSABLE, ...LOCKED })) {
  await t.test(`a file ${name} is an error before anything is started`, async (t) => {
    const path = prepare(t.testdir({}))
    const check = (): void => { checkPidFile(path) }

    const error = t.throws(name in LOCKED ? () => { asNobody(check) } : check, { code: 'BATON_PID_FILE_UNUSABLE', message: reason })

    t.match(error, { message: `PID_FILE ${path} cannot be written (` })
  })
}

const NOT_OURS: Readonly<Record<string, string>> = { 'another process': `${process.ppid}\n`, nothing: '', 'no number': 'garbage' }

for (const [name, text] of Object.entries(NOT_OURS)) {
  await t.test(`a file that now contains ${name} is not removed`, async (t) => {
    const path = createFile(t, text)

    removePidFile(path)

    t.equal(readFileSync(path, 'utf8'), text)
  })
}

await t.test('a file that is missing or cannot be removed does not fail the exit', async (t) => {
  const path = createFile(t)
  t.doesNotThrow(() => { removePidFile(path) })
  writePidFile(path)
  chmodSync(path, 0o644)
  chmodSync(join(path, '..'), 0o555)

  t.doesNotThrow(() => { asNobody(() => { removePidFile(path) }) })
  chmodSync(join(path, '..'), 0o755)

  t.ok(existsSync(path))
})

await t.test('a file is written through a link', async (t) => {
  const path = createFile(t, '')
  const link = `${path}.link`
  symlinkSync(path, link)

  checkPidFile(link)
  writePidFile(link)

  t.equal(readFileSync(path, 'utf8'), `${process.pid}\n`)
})
