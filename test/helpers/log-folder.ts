import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { LogLine, Program } from './program.ts'

/** Milliseconds between two looks at the files. */
const INTERVAL = 20

/** The log files of a program that logs into a folder. */
export class LogFolder {
  readonly #path: string

  constructor (path: string) {
    this.#path = path
  }

  /** @returns the lines of one file; a broken one fails the test of the process that wrote it */
  lines (name: string): LogLine[] {
    return this.text(name).split('\n').slice(0, -1).map((line) => JSON.parse(line))
  }

  text (name: string): string {
    return readFileSync(join(this.#path, name), 'utf8')
  }

  /** Of all files, each file's lines in a row. */
  all (): LogLine[] {
    return readdirSync(this.#path).sort().flatMap((name) => this.lines(name))
  }

  /** Hands on what comes into the files to a program, as if it had come to its standard output. */
  feed (t: Test, program: Program): void {
    const read = new Map<number, number>()
    const timer = setInterval(() => {
      for (const name of this.#names()) this.#readOn(name, read, program.lines)
    }, INTERVAL)
    t.teardown(() => { clearInterval(timer) })
  }

  /** The folder may be gone, and a file may have another name by now: it is read under that one the next time. */
  #names (): string[] {
    return existsSync(this.#path) ? readdirSync(this.#path).sort() : []
  }

  /** @param read the bytes of each file that were read already, by its inode, which stays when it is renamed */
  #readOn (name: string, read: Map<number, number>, lines: LogLine[]): void {
    let fd
    try {
      fd = openSync(join(this.#path, name), 'r')
    } catch {
      return
    }
    const { ino, size } = fstatSync(fd)
    const from = read.get(ino) ?? 0
    const bytes = Buffer.alloc(size - from)
    readSync(fd, bytes, 0, bytes.length, from)
    closeSync(fd)
    const end = bytes.lastIndexOf('\n') + 1
    read.set(ino, from + end)
    for (const line of bytes.subarray(0, end).toString().split('\n').slice(0, -1)) lines.push(JSON.parse(line))
  }
}
