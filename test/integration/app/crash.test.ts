import { fork } from 'node:child_process'
import { once } from 'node:events'

import t from 'tap'
import type { Test } from 'tap'

import { buildApp, deadline, listen } from '../../app/build-app.ts'
import { open } from '../../app/client.ts'
import { program } from '../../helpers/root.ts'

const json = { 'content-type': 'application/json' }

function setEnvironment (t: Test, value: string): void {
  process.env.EXAMPLE_CRASH = value
  t.teardown(() => delete process.env.EXAMPLE_CRASH)
}

await t.test('POST /crash does not exist unless EXAMPLE_CRASH is true', async (t) => {
  const applications = [buildApp(t)]
  await applications[0]?.ready()
  setEnvironment(t, 'false')
  applications.push(buildApp(t))

  for (const app of applications) {
    const response = await app.inject({ method: 'POST', url: '/crash', payload: {} })

    t.equal(response.statusCode, 404)
  }
})

await t.test('POST /crash refuses what the schema does not allow', async (t) => {
  setEnvironment(t, 'true')
  const app = buildApp(t)
  const exits = t.capture(process, 'exit', () => {})
  const kills = t.capture(process, 'kill', () => {})
  const bodies: Array<[payload: object | undefined, message: RegExp]> = [
    [undefined, /^body must be object$/],
    [{ code: -1 }, /^body\/code must be >= 0$/],
    [{ code: 256 }, /^body\/code must be <= 255$/],
    [{ code: 'one' }, /^body\/code must be integer$/],
    [{ signal: 'SIGSTOP' }, /^body\/signal must be equal to one of the allowed values$/],
    [{ code: 1, signal: 'SIGKILL' }, /^body must NOT have more than 1 properties$/]
  ]

  for (const [payload, message] of bodies) {
    const response = await app.inject({ method: 'POST', url: '/crash', ...payload && { payload } })

    t.equal(response.statusCode, 400)
    t.match(response.json().message, message)
  }
  t.equal(exits().length + kills().length, 0)
})

await t.test('POST /crash exits or kills as requested, and the request fails', async (t) => {
  setEnvironment(t, 'true')
  const server = await listen(buildApp(t))
  const ends: Array<[body: object, exit: number[], kill: string[]]> = [
    [{}, [1], []],
    [{ code: 0 }, [0], []],
    [{ code: 255 }, [255], []],
    [{ signal: 'SIGKILL' }, [], ['SIGKILL']],
    [{ signal: 'SIGABRT' }, [], ['SIGABRT']],
    [{ signal: 'SIGSEGV' }, [], ['SIGSEGV']],
    [{ signal: 'SIGTERM' }, [], ['SIGTERM']]
  ]

  for (const [body, exit, kill] of ends) {
    const exits = t.capture(process, 'exit', () => {})
    const kills = t.capture(process, 'kill', () => {})
    const client = open(t, server, { method: 'POST', path: '/crash', headers: json })

    const failed = once(client, 'error', { signal: deadline() })
    client.end(JSON.stringify(body))
    const [error] = await failed

    t.match(error, { message: 'socket hang up', code: 'ECONNRESET' })
    t.strictSame(exits().map(({ args }) => args[0]), exit)
    t.strictSame(kills().filter(({ args }) => args[1]).map(({ args }) => args), kill.map((signal) => [process.pid, signal]))
  }
})

await t.test('POST /crash ends a real process, with the exit code or the signal', async (t) => {
  const ends: Array<[body: object, end: [code: number | null, signal: string | null]]> = [
    [{ code: 7 }, [7, null]],
    [{ signal: 'SIGKILL' }, [null, 'SIGKILL']]
  ]

  for (const [body, end] of ends) {
    const child = fork(program('test/integration/app/crashing-app.ts'))
    t.teardown(() => child.kill('SIGKILL'))
    const [server] = await once(child, 'message', { signal: deadline() })
    const exited = once(child, 'exit', { signal: deadline() })

    open(t, server, { method: 'POST', path: '/crash', headers: json }).end(JSON.stringify(body))

    t.strictSame(await exited, end)
  }
})
