import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { ReloadEvent, Status, WorkerStatus } from '../../src/protocol/control-api.ts'

export type Answer = (response: ServerResponse, body: unknown) => void

export interface FakeService {
  readonly socket: string
  readonly server: Server
  /** What was asked, in order: `POST /scale {"workers":3}`. */
  readonly asked: string[]
}

/** A folder for sockets, whose paths have to be short. */
export function socketFolder (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'baton-cli-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

/** What listens on the control socket of an instance, with answers of the test's own. */
export async function fakeService (t: Test, answers: Readonly<Record<string, Answer>> = {}, socket = join(socketFolder(t), 'control.sock')): Promise<FakeService> {
  const asked: string[] = []
  const all: Readonly<Record<string, Answer>> = { 'GET /status': (response) => { json(response, aStatus()) }, ...answers }
  const listener: RequestListener = (request, response) => {
    let text = ''
    request.on('data', (chunk) => { text += String(chunk) })
    request.on('end', () => {
      const what = `${request.method} ${request.url}`
      asked.push(`${what} ${text}`.trim())
      const answer = all[what]
      if (answer === undefined) json(response, { statusCode: 404, error: 'Not Found', message: `there is no ${what} here` }, 404)
      else answer(response, text === '' ? undefined : JSON.parse(text))
    })
  }
  const server = createServer(listener).listen(socket)
  await once(server, 'listening')
  t.teardown(async () => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => { server.close(resolve) })
  })
  return { socket, server, asked }
}

export function json (response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Plays a recorded stream and ends it. */
export function play (events: readonly ReloadEvent[]): Answer {
  return (response) => { response.end(events.map((event) => `${JSON.stringify(event)}\n`).join('')) }
}

export function aWorker (fields: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    slot: 0,
    pid: 12345,
    generation: 4,
    state: 'ready',
    stale: false,
    uptimeMs: 273_600_000,
    restarts: 0,
    eventLoopDelayMs: 2,
    eventLoopUtilization: 0.123,
    heapUsedBytes: 21_000_000,
    rssBytes: 85_000_000,
    connections: 12,
    requests: 1,
    served: 1_230_000,
    ...fields
  }
}

export function aStatus (fields: Partial<Status> = {}): Status {
  return {
    version: '0.1.0',
    node: 'v24.1.0',
    pid: 2 ** 22 + 1,
    url: 'http://127.0.0.1:3000',
    state: 'running',
    uptimeMs: 273_600_000,
    crashLoop: false,
    generation: { number: 4, since: '2026-11-20T06:12:33.123Z', application: '/srv/app/current/app.js', program: '/srv/app/current/dist/worker/index.js', directory: '/srv/app/current' },
    wanted: 2,
    workers: [aWorker(), aWorker({ slot: 1, pid: 12346 })],
    rollout: null,
    lastReload: null,
    ...fields
  }
}
