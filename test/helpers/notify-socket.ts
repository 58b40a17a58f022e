import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { fixture } from './root.ts'
import { waitUntil } from './wait-until.ts'

const RECEIVER = fixture('notify-socket.py')

let sockets = 0

/** A datagram socket as systemd's, and what was sent to it. */
export class NotifySocket {
  readonly path = join(tmpdir(), `baton-notify-${process.pid}-${++sockets}`)
  /** One a datagram: its assignments, without the barriers. */
  readonly messages: Array<Readonly<Record<string, string>>> = []
  /** Barriers whose descriptor was closed. */
  barriers = 0

  async open (t: Test): Promise<this> {
    let isOpen = false
    const receiver = spawn('python3', [RECEIVER, this.path], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => {
      receiver.kill('SIGKILL')
      rmSync(this.path, { force: true })
    })
    createInterface({ input: receiver.stdout }).on('line', (line) => {
      const text = JSON.parse(line) as string
      if (text === 'listening') isOpen = true
      else if (text === 'BARRIER=1') this.barriers++
      else this.messages.push(Object.fromEntries(text.trim().split('\n').map((assignment) => assignment.split(/=(.*)/).slice(0, 2))))
    })
    await waitUntil(() => isOpen, () => 'the notify socket')
    return this
  }

  /** @returns the first message that has an assignment, from the n-th on */
  async message (name: string, value: string, from = 0): Promise<Readonly<Record<string, string>>> {
    const found = (): Readonly<Record<string, string>> | undefined => this.messages.slice(from).find((message) => message[name] === value)
    await waitUntil(() => found() !== undefined, () => `${name}=${value}; what came: ${JSON.stringify(this.messages)}`)
    return found() as Readonly<Record<string, string>>
  }
}
