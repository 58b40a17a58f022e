import { spawnSync } from 'node:child_process'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { resolveLinks, startPaths, workerProgram, type StartPaths } from '../../../../src/primary/release/paths.ts'
import { createReleaseFolders, type ReleaseFolders } from '../../../primary/release/release-folders.ts'
import { program } from '../../../helpers/root.ts'

const PROGRAM = program('test/fixtures/prints-its-paths.ts')

interface Start {
  /** Physical working directory. */
  readonly cwd: string
  /** `$PWD` of the shell. */
  readonly pwd?: string
  /** The command line as typed; undefined when the system does not provide it. */
  readonly typed?: readonly string[]
  /** The main program as Node names it: made absolute with the physical directory. */
  readonly program: string
  /** Directory and program as they were typed. */
  readonly expected: readonly [directory: string, program: string]
  /** A relative path was typed, and `$PWD` does not name the directory; false by default. */
  readonly isPinned?: true
}

function startAt ({ root }: ReleaseFolders, { cwd, pwd, typed, program }: Start): StartPaths {
  const commandLineFile = join(root, 'cmdline')
  if (typed !== undefined) writeFileSync(commandLineFile, typed.map((text) => `${text}\0`).join(''))
  return startPaths(pwd, undefined, { argv: ['/usr/bin/node', program], cwd: () => cwd }, commandLineFile)
}

/** Starts in the current release, reached through the link. */
function inCurrent ({ current, release42 }: ReleaseFolders, ...typed: string[]): Start {
  return {
    cwd: release42, pwd: current, typed: ['node', ...typed], program: `${release42}/dist/main.js`, expected: [current, `${current}/dist/main.js`]
  }
}

const STARTS: Readonly<Record<string, (folders: ReleaseFolders) => Start>> = {
  'an absolute program through a link': ({ root, current }) => ({
    cwd: root, pwd: root, typed: ['node', `${current}/dist/main.js`], program: `${current}/dist/main.js`, expected: [root, `${current}/dist/main.js`]
  }),
  'a relative program through a link': ({ root, current }) => ({
    cwd: root, pwd: root, typed: ['node', 'current/dist/main.js'], program: `${current}/dist/main.js`, expected: [root, `${current}/dist/main.js`]
  }),
  'a relative program in a directory that is a link': (folders) => inCurrent(folders, 'dist/main.js'),
  'a program with Node options before it': (folders) => inCurrent(folders, '--no-warnings', '--import', './app.js', 'dist/main.js'),
  'a program after two dashes': (folders) => inCurrent(folders, '--', 'dist/main.js'),
  'a program with arguments': (folders) => inCurrent(folders, './dist/main.js', './app.js'),
  'a program without its extension': (folders) => ({ ...inCurrent(folders, 'dist/main'), program: `${folders.release42}/dist/main` }),
  'an absolute program without its extension': ({ root, current }) => ({
    cwd: root, typed: ['node', `${current}/dist/main`], program: `${current}/dist/main`, expected: [root, `${current}/dist/main.js`]
  }),
  'a path that goes up and down again': (folders) => inCurrent(folders, '../current/dist/../dist/main.js'),
  'a directory below the link': ({ current, release42 }) => ({
    cwd: `${release42}/dist`, pwd: `${current}/dist`, typed: ['node', 'main.js'], program: `${release42}/dist/main.js`, expected: [`${current}/dist`, `${current}/dist/main.js`]
  }),
  'a system that does not provide what was typed': ({ current, release42 }) => ({
    cwd: release42, pwd: current, program: `${release42}/dist/main.js`, expected: [current, `${current}/dist/main.js`]
  }),
  'a command line that has been overwritten': ({ current, release42 }) => ({
    cwd: release42, pwd: current, typed: ['title', '', ''], program: `${release42}/dist/main.js`, expected: [current, `${release42}/dist/main.js`]
  }),
  'an absolute program that is typed without the link': ({ current, release42 }) => ({
    cwd: release42, pwd: current, typed: ['node', `${release42}/dist/main.js`], program: `${release42}/dist/main.js`, expected: [current, `${release42}/dist/main.js`]
  }),
  'a shell without PWD': ({ release42 }) => ({
    cwd: release42, typed: ['node', 'dist/main.js'], program: `${release42}/dist/main.js`, expected: [release42, `${release42}/dist/main.js`], isPinned: true
  }),
  'a PWD that names another directory with the same files': ({ release42, release43 }) => ({
    cwd: release42, pwd: release43, typed: ['node', 'dist/main.js'], program: `${release42}/dist/main.js`, expected: [release42, `${release42}/dist/main.js`], isPinned: true
  }),
  'a PWD that does not exist': ({ root, release42 }) => ({
    cwd: release42, pwd: `${root}/missing`, typed: ['node', 'dist/main.js'], program: `${release42}/dist/main.js`, expected: [release42, `${release42}/dist/main.js`], isPinned: true
  }),
  'a PWD with the same inode on another file system': ({ release42 }) => ({
    cwd: '/proc', pwd: '/sys', typed: ['node', `${release42}/dist/main.js`], program: `${release42}/dist/main.js`, expected: ['/proc', `${release42}/dist/main.js`]
  }),
  'an empty PWD': ({ release42 }) => ({
    cwd: release42, pwd: '', typed: ['node', 'dist/main.js'], program: `${release42}/dist/main.js`, expected: [release42, `${release42}/dist/main.js`], isPinned: true
  }),
  'a relative PWD': () => ({
    cwd: process.cwd(), pwd: '.', typed: ['node', 'package.json'], program: join(process.cwd(), 'package.json'), expected: [process.cwd(), join(process.cwd(), 'package.json')], isPinned: true
  })
}

for (const [title, at] of Object.entries(STARTS)) {
  await t.test(`paths are kept as typed: ${title}`, async (t) => {
    const folders = createReleaseFolders(t)
    const start = at(folders)
    const { expected: [directory, program], isPinned = false } = start

    t.strictSame(startAt(folders, start), { directory, program, isPinned })
  })
}

type Typed = readonly [program: string, application?: string]

/** Started in a release directory, with or without a `$PWD` that says through which link it was reached. */
const PINNED: Readonly<Record<string, (folders: ReleaseFolders) => readonly [typed: Typed, isPinned: boolean]>> = {
  'of a relative program': () => [['dist/main.js'], true],
  'of a relative program without its extension': () => [['./dist/main'], true],
  'of a relative application': ({ current }) => [[`${current}/dist/main.js`, './app.js'], true],
  'of both': () => [['dist/main.js', 'app.js'], true],
  'of neither, and there is no application': ({ current }) => [[`${current}/dist/main.js`], false],
  'of neither': ({ current }) => [[`${current}/dist/main.js`, `${current}/app.js`], false]
}

for (const [title, row] of Object.entries(PINNED)) {
  for (const [isPinned, pwd] of [[true, undefined], [true, '/'], [false, 'current']] as const) {
    await t.test(`the path ${title} ${isPinned ? 'is pinned where' : 'follows the link when'} PWD is ${pwd}`, async (t) => {
      const folders = createReleaseFolders(t)
      const { root, current, release42 } = folders
      const [[program, application], isPinnable] = row(folders)
      const commandLineFile = join(root, 'cmdline')
      writeFileSync(commandLineFile, ['node', program, application ?? '', ''].join('\0'))
      const started = { argv: ['/usr/bin/node', resolve(release42, program)], cwd: () => release42 }

      const paths = startPaths(pwd === 'current' ? current : pwd, application, started, commandLineFile)

      t.equal(paths.isPinned, isPinned && isPinnable)
    })
  }
}

await t.test('without the typed command line a program is not treated as relative, and an application is', async (t) => {
  const { root, release42 } = createReleaseFolders(t)
  const start = (application?: string): StartPaths =>
    startPaths(undefined, application, { argv: ['node', `${release42}/dist/main.js`], cwd: () => release42 }, join(root, 'missing'))

  t.strictSame(start(), { directory: release42, program: `${release42}/dist/main.js`, isPinned: false })
  t.equal(start('./app.js').isPinned, true)
})

await t.test('after moving the link the program is that of the other release', async (t) => {
  const folders = createReleaseFolders(t)
  const { program } = startAt(folders, inCurrent(folders, 'dist/main.js'))
  const before = workerProgram(program)

  folders.switchTo(folders.release43)

  t.equal(before, `${folders.release42}/dist/worker/index.js`)
  t.equal(workerProgram(program), `${folders.release43}/dist/worker/index.js`)
})

for (const missing of ['dist/main.js', 'dist/worker/index.js']) {
  await t.test(`a release without ${missing} has no program for a worker`, async (t) => {
    const { current, release42 } = createReleaseFolders(t)
    rmSync(join(release42, missing))

    t.throws(() => workerProgram(`${current}/dist/main.js`), { code: 'ENOENT' })
  })
}

await t.test('the program of a worker has the extension of the main program', async (t) => {
  const root = t.testdir({ 'main.ts': '', worker: { 'index.ts': '' } })

  t.equal(workerProgram(`${root}/main.ts`), `${root}/worker/index.ts`)
})

await t.test('links are resolved where the file exists', async (t) => {
  const { current, release42 } = createReleaseFolders(t)

  t.equal(resolveLinks(`${current}/app.js`), `${release42}/app.js`)
  t.equal(resolveLinks(`${current}/missing.js`), `${current}/missing.js`)
})

const COMMANDS: Readonly<Record<string, (node: string) => string>> = {
  'in the link': (node) => `cd current && exec ${node} program.ts`,
  'through the link': (node) => `exec ${node} current/program.ts`,
  'in the link, with an absolute path': (node) => `cd current && exec ${node} "$PWD/program.ts"`
}

for (const [title, command] of Object.entries(COMMANDS)) {
  await t.test(`with a real shell and a real Node the link is kept: started ${title}`, async (t) => {
    const { root, current, release42 } = createReleaseFolders(t)
    symlinkSync(PROGRAM, join(release42, 'program.ts'))
    const node = [process.execPath, ...process.execArgv].map((word) => `'${word}'`).join(' ')

    const { stdout, stderr } = spawnSync('sh', ['-c', command(node)], { cwd: root, encoding: 'utf8', timeout: 60_000 })

    t.strictSame(JSON.parse(stdout), {
      directory: title === 'through the link' ? root : current,
      program: `${current}/program.ts`,
      isPinned: false
    }, stderr)
  })
}

await t.test('a real Node without PWD pins a relative path', async (t) => {
  const { root, release42 } = createReleaseFolders(t)
  symlinkSync(PROGRAM, join(release42, 'program.ts'))
  const { PWD, ...env } = process.env

  const { stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, 'current/program.ts'], { cwd: root, env, encoding: 'utf8', timeout: 60_000 })

  t.strictSame(JSON.parse(stdout), { directory: root, program: `${root}/current/program.ts`, isPinned: true }, stderr)
})
