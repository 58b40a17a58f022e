import { spawnSync } from 'node:child_process'
import net from 'node:net'
import type { Test } from 'tap'

/** A listening socket of which this process keeps a descriptor, as systemd does, and on which it never accepts. */
export interface HeldSocket {
  readonly fd: number
  readonly port: number
}

interface Handle {
  readonly fd: number
  readonly getsockname: (out: { port?: number }) => number
  readonly close: () => void
}

/** What Node's cluster makes its sockets with. */
const { _createServerHandle: bind } = net as unknown as { _createServerHandle: (host: string, port: number, family: 4) => Handle }

/** Another process has it listen, and is gone before it could accept: this one would begin to. */
const LISTEN = 'require("node:net").createServer().listen({ fd: 3 }, () => { process.kill(process.pid, "SIGKILL") })'

export function holdSocket (t: Test): HeldSocket {
  const handle = bind('127.0.0.1', 0, 4)
  t.teardown(() => { handle.close() })
  const { signal, stderr } = spawnSync(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'ignore', 'pipe', handle.fd], encoding: 'utf8' })
  if (signal !== 'SIGKILL') throw new Error(`the socket does not listen: ${stderr}`)
  const name: { port?: number } = {}
  handle.getsockname(name)
  return { fd: handle.fd, port: name.port as number }
}

/** @returns the reason for which a test has to be skipped that needs a program; false when it is there */
export function missing (...programs: string[]): string | false {
  const absent = programs.find((program) => spawnSync('/bin/sh', ['-c', `command -v ${program}`]).status !== 0)
  return absent === undefined ? false : `${absent} is not installed`
}
