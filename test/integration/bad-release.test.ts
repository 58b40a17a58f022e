import t from 'tap'
import { hello, send } from '../helpers/http.ts'
import { isAlive, serve, type Program } from '../helpers/program.ts'
import { createRelease, createReleases, saying } from '../helpers/release.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const DIES_SOON = `${saying('bad')}
setTimeout(() => { process.exit(9) }, 1000)`
const HANGS_SOON = `${saying('bad').replace('fastify.get', 'fastify.addHook("onListen", async () => { setTimeout(() => { for (;;); }, 10) }); fastify.get')}`
const MISSES_IN_SLOT_1 = saying('bad').replace('fastify.get', 'if (fastify.worker.slot === 1) throw new Error("slot 1 is not for me"); fastify.get')

await t.test('a release that starts and then falls over is refused by its canary, and no old worker was touched', async (t) => {
  const release = createRelease(t, saying('good'))
  const program = await serve(t, { args: [release.path], env: { CANARY_MS: '10000' } })
  const before = program.events('worker:ready').map(({ pid }) => pid)

  release.deploy(DIES_SOON)
  const ended = await program.reload()

  t.equal(ended.event, 'reload:failed')
  t.match(ended.err?.message, 'exited with code 9')
  t.ok(before.every((pid) => isAlive(pid as number)))
  t.equal(program.events('worker:draining').length, 0)
  for (let count = 0; count < 8; count++) t.equal((await hello(program.url)).release, 'good')
})

await t.test('a release that hangs after its start is refused too', async (t) => {
  const release = createRelease(t, saying('good'))
  const program = await serve(t, { args: [release.path], env: { CANARY_MS: '100', HEARTBEAT_TIMEOUT_MS: '3000' } })

  release.deploy(HANGS_SOON)
  const ended = await program.reload()

  t.equal(ended.event, 'reload:failed')
  t.ok(['BATON_CANARY_SILENT', 'BATON_WORKER_HUNG'].includes(String(ended.err?.code)), 'whichever is noticed first')
  release.deploy(saying('better'))
  t.equal((await program.reload()).event, 'reload:completed')
  await waitUntil(() => program.events('worker:exited').some(({ generation }) => generation === 2), () => 'the end of the worker that hangs')
  t.equal((await hello(program.url)).release, 'better')
})

await t.test('a release in a folder of its own that fails half way is rolled back', async (t) => {
  const { link, switchTo } = createReleases(t, { good: saying('good'), bad: MISSES_IN_SLOT_1 })
  switchTo('good')
  const program = await serve(t, { args: [`${link}/app.js`], env: { CANARY_MS: '10' } })

  switchTo('bad')
  const ended = await program.reload()

  t.match(ended, { event: 'reload:failed', slot: 1, slots: [1, 1], err: { message: 'slot 1 is not for me' } })
  const back = await program.line(({ event, slot, generation }) => event === 'worker:ready' && slot === 0 && generation === 1, program.lines.indexOf(ended))
  await program.line(({ event, slot, generation }) => event === 'worker:draining' && slot === 0 && generation === 2, program.lines.indexOf(back))
  for (let count = 0; count < 8; count++) t.match(await hello(program.url), { release: 'good', generation: 1 })
})

await t.test('a release whose files were replaced in place and that fails half way stays half way, and the log says how far', async (t) => {
  const release = createRelease(t, saying('good'))
  const program = await serve(t, { args: [release.path], env: { CANARY_MS: '10' } })

  release.deploy(MISSES_IN_SLOT_1)
  const ended = await program.reload()

  t.match(ended, { event: 'reload:failed', slot: 1, slots: [2, 1] })
  t.same(await releases(program), ['bad', 'good'])
  release.deploy(saying('better'))
  t.equal((await program.reload()).event, 'reload:completed')
  t.same(await releases(program), ['better'])
})

await t.test('after a failed reload a worker that crashes is restarted from its own release', async (t) => {
  const { link, switchTo } = createReleases(t, { good: saying('good'), bad: 'throw new Error("no database")' })
  switchTo('good')
  const program = await serve(t, { args: [`${link}/app.js`] })

  switchTo('bad')
  t.equal((await program.reload()).event, 'reload:failed')
  process.kill((await hello(program.url)).pid, 'SIGKILL')
  await program.event('worker:ready', 3)

  t.same(await releases(program), ['good'])
})

await t.test('a worker program that speaks another protocol fails the reload with the advice to restart', async (t) => {
  const release = createRelease(t, saying('good'))
  const program = await serve(t, { args: [release.path] })

  release.deploy('process.send({ baton: { type: "ready", protocol: 99 } }); await new Promise(() => { setInterval(() => {}, 1000) })')
  const ended = await program.reload()

  t.match(ended, { event: 'reload:failed', err: { code: 'BATON_PROTOCOL_MISMATCH', message: /restart it instead of reloading/ } })
})

await t.test('when no worker is ready for GIVE_UP_MS the program ends with code 4 and the last cause', async (t) => {
  const { link, switchTo } = createReleases(t, { good: saying('good') })
  switchTo('good')
  const program = await serve(t, {
    args: [`${link}/app.js`], env: { WORKERS: '1', GIVE_UP_MS: '6000', APP_FAILS: 'false', MAX_RESTARTS: '0' }
  })
  const { pid } = await hello(program.url)

  const { writeFileSync } = await import('node:fs')
  writeFileSync(`${link}/app.js`, 'throw new Error("the disk is gone")')
  process.kill(pid, 'SIGKILL')

  t.same(await program.exit(), { code: 4, signal: null })
  t.match(program.find(({ level }) => level === 60)?.msg, 'giving up: the disk is gone')
  t.same(program.survivors(), [])
})

async function releases (program: Program): Promise<unknown[]> {
  const seen = new Set<unknown>()
  for (let count = 0; count < 12; count++) seen.add(JSON.parse((await send(program.url)).body).release)
  return [...seen].sort()
}
