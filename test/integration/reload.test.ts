import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { measurePrograms } from '../helpers/built.ts'
import { hello, send } from '../helpers/http.ts'
import { serve, type LogLine, type Program } from '../helpers/program.ts'
import { createRelease, createReleases, saying } from '../helpers/release.ts'

await t.test('capacity never dips: a replacement is ready before the worker that it relieves stops accepting', async (t) => {
  for (const workers of ['1', '3']) {
    const program = await serve(t, { env: { WORKERS: workers } })

    await program.reload()

    for (const draining of program.events('worker:draining')) {
      const replacement = (line: LogLine): boolean =>
        line.event === 'worker:ready' && line.slot === draining.slot && line.generation === 2
      const position = program.lines.findIndex(replacement)
      t.ok(position >= 0 && position < program.lines.indexOf(draining), `slot ${draining.slot} of ${workers}`)
    }
    t.equal(program.events('worker:draining').length, Number(workers))
  }
})

await t.test('one worker alone takes new connections all through a reload', async (t) => {
  const program = await serve(t, { env: { WORKERS: '1' } })
  const seen = new Set<number>()

  const reloads = (async () => { for (let count = 0; count < 3; count++) await program.reload() })()
  while (program.events('reload:completed').length < 3) seen.add((await hello(program.url)).generation)
  await reloads

  seen.add((await hello(program.url)).generation)
  t.ok(seen.has(4))
})

await t.test('a release that cannot start changes nothing', async (t) => {
  const release = createRelease(t, saying('good'))
  const program = await serve(t, { args: [release.path] })
  const before = await pids(program)

  for (const [code, cause] of [
    ['throw new Error("no database")', /no database/],
    ['process.exit(3)', /exited with code 3/],
    ['export default 5', /no plugin/],
    ['export default async () => { throw new Error("in the plugin") }', /in the plugin/],
    ['export default async (fastify) => { fastify.addHook("onReady", async () => { throw new Error("in onReady") }) }', /in onReady/],
    ['export const options = { https: {} }; export default async () => {}', /may not set the server option "https"/],
    ['this is no JavaScript', /Unexpected identifier/]
  ] as const) {
    release.deploy(code)
    const ended = await program.reload()
    t.equal(ended.event, 'reload:failed', code)
    t.match(ended.err?.message, cause)
    t.equal(ended.slot, 0)
  }

  t.same(await pids(program), before)
  release.deploy(saying('better'))
  t.equal((await program.reload()).event, 'reload:completed')
  t.equal((await hello(program.url)).release, 'better')
})

await t.test('a release that is never ready fails after the start timeout, and is ended', async (t) => {
  const release = createRelease(t, saying('good'))
  const file = join(dirname(release.path), 'env')
  writeFileSync(file, '')
  const program = await serve(t, { args: [release.path], env: { ENV_FILE: file } })
  const before = await pids(program)

  release.deploy('export const options = { pluginTimeout: 0 }; export default () => new Promise(() => { setInterval(() => {}, 1000) })')
  writeFileSync(file, 'START_TIMEOUT_MS=1000')
  const ended = await program.reload()

  t.equal(ended.event, 'reload:failed')
  t.equal(ended.err?.code, 'BATON_START_TIMEOUT')
  t.same(await pids(program), before)
})

await t.test('no old code after a reload: every new connection is answered by the new generation', async (t) => {
  const release = createRelease(t, saying('old'))
  const program = await serve(t, { args: [release.path], env: { WORKERS: '3' } })

  release.deploy(saying('new'))
  await program.reload()

  for (let count = 0; count < 30; count++) t.match(await hello(program.url), { release: 'new', generation: 2 })
})

await t.test('the latest wins: a burst of SIGHUPs ends with the newest release everywhere, after one extra round at most', async (t) => {
  const release = createRelease(t, saying('old'))
  const program = await serve(t, { args: [release.path], env: { WORKERS: '3' } })

  for (let count = 0; count < 9; count++) program.child.kill('SIGHUP')
  await program.event('reload:started')
  release.deploy(saying('newest'))
  program.child.kill('SIGHUP')
  await program.event('reload:completed')

  for (let count = 0; count < 12; count++) t.match(await hello(program.url), { release: 'newest' })
  t.ok(program.events('reload:started').length <= 3, `${program.events('reload:started').length} rollouts`)
  t.ok(program.events('worker:forked').length <= 3 + 3 + 2, `${program.events('worker:forked').length} forks`)
})

await t.test('a reload follows the link that the application was started by, and a crash restarts the release that crashed', async (t) => {
  const { link, switchTo } = createReleases(t, { 1: saying('one'), 2: saying('two') })
  switchTo('1')
  const program = await serve(t, { args: [`${link}/app.js`] })

  switchTo('2')
  process.kill((await hello(program.url)).pid, 'SIGKILL')
  await program.event('worker:ready', 3)
  for (let count = 0; count < 8; count++) t.match(await hello(program.url), { release: 'one', generation: 1 })

  t.equal((await program.reload()).event, 'reload:completed')
  for (let count = 0; count < 8; count++) t.match(await hello(program.url), { release: 'two', generation: 2 })
})

await t.test('MAX_SURGE lets all replacements start together, and 0 has each worker leave first', async (t) => {
  for (const surge of ['3', '0']) {
    const program = await serve(t, { env: { WORKERS: '3', MAX_SURGE: surge } })

    t.equal((await program.reload()).event, 'reload:completed')

    const story = program.lines.slice(program.lines.findIndex(({ event }) => event === 'reload:started'))
      .filter(({ event = '' }) => ['worker:ready', 'worker:draining'].includes(event)).map(({ event }) => event)
    t.equal(story[0], surge === '0' ? 'worker:draining' : 'worker:ready')
    if (surge === '3') t.same(story.slice(0, 3), ['worker:ready', 'worker:ready', 'worker:ready'])
    t.match(await hello(program.url), { generation: 2 })
  }
})

await t.test('with MAX_DRAINING workers draining the next step waits, says so, and continues', async (t) => {
  const program = await serve(t, { env: { MAX_DRAINING: '1' } })
  const slow = [1, 2, 3, 4].map(async () => await send(`${program.url}/slow?ms=3000`))
  for (let count = 0; count < 8; count++) await hello(program.url)

  t.equal((await program.reload()).event, 'reload:completed')

  t.ok(program.find(({ msg }) => msg.includes('raise MAX_DRAINING')))
  for (const { status } of await Promise.all(slow)) t.equal(status, 200)
})

await t.test('a worker that drains past its deadline is killed, and the log says what was lost', async (t) => {
  const program = await serve(t, { env: { WORKERS: '1', DRAIN_TIMEOUT_MS: '1500', KEEP_ALIVE_TIMEOUT_MS: '1000' } })
  const cut = send(`${program.url}/slow?ms=60000`).then(() => 'answered', () => 'cut')
  await hello(program.url)
  await hello(program.url)

  t.equal((await program.reload()).event, 'reload:completed')

  t.equal(await cut, 'cut')
  t.match(await program.line(({ msg }) => msg.includes('did not drain in time')), { level: 40, requests: 1, connections: 1 })
  t.match(await hello(program.url), { generation: 2 })
})

await t.test('a keep-alive timeout that outlives the drain timeout is warned of at the start', async (t) => {
  measurePrograms(t)
  const program = await serve(t, { env: { KEEP_ALIVE_TIMEOUT_MS: '90000' } })

  t.match(program.find(({ msg }) => msg.startsWith('KEEP_ALIVE_TIMEOUT_MS')), { level: 40 })
  program.child.kill('SIGINT')
  t.same(await program.exit(), { code: 0, signal: null })
})

async function pids (program: Program): Promise<number[]> {
  const seen = new Set<number>()
  for (let count = 0; count < 12; count++) seen.add((await hello(program.url)).pid)
  return [...seen].sort((one, other) => one - other)
}
