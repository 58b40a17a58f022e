import { execFileSync, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { LogDestination, withoutWaiting } from '../../../src/log/destination.ts'
import { program } from '../../helpers/root.ts'
import { DEADLINE, waitUntil } from '../../helpers/wait-until.ts'

const MEBIBYTE = 1024 * 1024
const FLOODS = program('test/fixtures/floods-its-log.ts')

/** A pipe or a disk: accepts bytes while it has room, and refuses the rest. */
class Sink {
  text = ''
  tries = 0
  room = Infinity
  /** Most bytes that one write accepts. */
  atOnce = Infinity
  /** Error code of a write without room. */
  refusal: string | undefined = 'EAGAIN'

  readonly write = (bytes: Buffer): number => {
    const size = Math.min(bytes.length, this.room, this.atOnce)
    this.tries++
    if (size === 0 && this.refusal !== undefined) throw Object.assign(new Error('refused'), { code: this.refusal })
    this.room -= size
    this.text += bytes.subarray(0, size).toString()
    return size
  }

  get lines (): string[] {
    return this.text.split('\n').slice(0, -1)
  }

  async has (text: string): Promise<void> {
    await waitUntil(() => this.text.includes(text), () => `${JSON.stringify(text)} in ${JSON.stringify(this.text.slice(-1000))}`)
  }

  /** Waits for another attempt that writes nothing. */
  async refused (): Promise<void> {
    const before = this.tries
    await waitUntil(() => this.tries > before, () => 'a further try')
  }
}

function create (options: Partial<Sink> = {}): { sink: Sink, destination: LogDestination } {
  const sink = Object.assign(new Sink(), options)
  return { sink, destination: new LogDestination(sink.write) }
}

/** @returns the lines, with `<n lost>` for the one that reports lost lines */
function withGaps (lines: readonly string[]): string[] {
  return lines.map((line) => line.startsWith('{"level":40') ? `<${JSON.parse(line).lines} lost>` : line)
}

await t.test('a line is written at once and unchanged', async (t) => {
  const { sink, destination } = create()

  destination.write('one ü\n')
  destination.write('two\n')

  t.equal(sink.text, 'one ü\ntwo\n')
  t.equal(sink.tries, 2)
})

await t.test('a line that is accepted in pieces is written completely', async (t) => {
  const { sink, destination } = create({ atOnce: 3 })

  destination.write('the first line ü\n')
  destination.write('the second line\n')

  t.equal(sink.text, 'the first line ü\nthe second line\n')
})

await t.test('lines that a full pipe refuses are written later, in order', async (t) => {
  const { sink, destination } = create({ room: 8 })
  for (const line of ['one\n', 'two, cut\n', 'three\n']) destination.write(line)
  t.equal(sink.text, 'one\ntwo,')
  await sink.refused()

  sink.room = Infinity
  destination.write('four\n')
  await sink.has('four')
  destination.write('five\n')

  t.strictSame(sink.lines, ['one', 'two, cut', 'three', 'four', 'five'])
})

await t.test('a waiting line is not tried again with each further line', async (t) => {
  const { sink, destination } = create({ room: 0 })

  for (let count = 0; count < 100; count++) destination.write('line\n')

  t.equal(sink.tries, 1)
})

await t.test('a write that accepts nothing but does not fail is tried again later', async (t) => {
  const { sink, destination } = create({ room: 0, refusal: undefined })
  destination.write('one\n')
  t.equal(sink.tries, 1)

  sink.room = Infinity
  await sink.has('one\n')

  t.equal(sink.text, 'one\n')
})

await t.test('a half-written line is written again in full into another file, and the others follow', async (t) => {
  const { sink, destination } = create({ room: 6 })
  destination.write('the first\n')
  destination.write('the second\n')
  t.equal(sink.text, 'the fi')

  Object.assign(sink, { text: '', room: Infinity })
  destination.startOver()

  t.strictSame(sink.lines, ['the first', 'the second'])
})

await t.test('another file gets what the previous one refused, and nothing twice', async (t) => {
  const { sink, destination } = create({ room: 4 })
  destination.write('one\n')
  destination.write('two\n')

  sink.room = Infinity
  destination.startOver()
  destination.startOver()

  t.strictSame(sink.lines, ['one', 'two'])
})

await t.test('a reader that has gone may be replaced by a file', async (t) => {
  const { sink, destination } = create({ room: 0, refusal: 'EPIPE' })
  destination.write('one\n')

  sink.room = Infinity
  destination.startOver()
  destination.write('two\n')

  t.strictSame(sink.lines, ['two'])
})

for (const code of ['EPIPE', 'EIO', 'EBADF']) {
  await t.test(`after ${code} no more writes are tried`, async (t) => {
    const { sink, destination } = create({ room: 0 })
    destination.write('pending\n')
    sink.refusal = code
    await sink.refused()
    const { tries } = sink

    sink.room = Infinity
    destination.write('later\n')
    destination.flush()

    t.equal(sink.tries, tries)
    t.equal(sink.text, '')
  })
}

for (const code of ['ENOSPC', 'EDQUOT', 'EMSGSIZE', 'EUNHEARDOF']) {
  await t.test(`${code} loses lines, but later ones are written`, async (t) => {
    const { sink, destination } = create({ room: 4, refusal: code })
    for (const line of ['one\n', 'lost\n', 'lost as well\n']) destination.write(line)
    await sink.refused()

    sink.room = Infinity
    await sink.has('"lines":2')
    destination.write('two\n')

    t.strictSame(withGaps(sink.lines), ['one', '<2 lost>', 'two'])
  })
}

await t.test('a line that is half on a full disk is completed before any other', async (t) => {
  const { sink, destination } = create({ room: 4, refusal: 'ENOSPC' })
  destination.write('half of it\n')
  destination.write('lost\n')
  t.equal(sink.text, 'half')

  destination.flush()
  destination.write('lost\n')
  sink.room = Infinity
  await sink.has('"lines":')

  t.match(withGaps(sink.lines)[0], 'half of it')
  t.equal(sink.lines.length, 2)
})

await t.test('a report about lost lines that is refused or cut counts them all in the end', async (t) => {
  const { sink, destination } = create({ room: 0, refusal: 'ENOSPC' })
  for (let count = 0; count < 5; count++) destination.write('lost\n')
  await sink.refused()
  await sink.refused()
  sink.room = 20
  await waitUntil(() => sink.text.length === 20, () => 'a cut line')

  destination.write('kept behind the cut line\n')
  sink.room = Infinity
  await sink.has('kept')

  t.match(withGaps(sink.lines)[0], '<5 lost>')
  t.equal(sink.lines.at(-1), 'kept behind the cut line')
})

await t.test('the report about lost lines says what the cause may be', async (t) => {
  const { sink, destination } = create({ room: 0, refusal: 'ENOSPC' })
  const before = Date.now()
  destination.write('lost\n')

  sink.room = Infinity
  await sink.has('\n')
  const { time, ...line } = JSON.parse(sink.text)

  t.strictSame(line, {
    level: 40, pid: process.pid, event: 'log:lost', lines: 1, msg: 'log lines were lost: the reader of the log is too slow, or the disk is full'
  })
  t.ok(time >= before && time <= Date.now())
})

await t.test('a megabyte is kept for a slow reader; then whole lines are lost, in one place', async (t) => {
  const { sink, destination } = create({ room: 0 })
  const line = (number: number): string => `${number} ${'.'.repeat(1000)}`
  const numbers = Array.from({ length: 3000 }, (_, index) => index)
  for (const number of numbers) destination.write(`${line(number)}\n`)
  destination.write('short\n')

  sink.room = Infinity
  await sink.has('"lines":')
  destination.write('later\n')
  const kept = sink.lines.findIndex((line) => line.startsWith('{'))

  t.ok(kept * 1000 > 0.9 * MEBIBYTE && kept * 1000 < MEBIBYTE, `${kept} lines`)
  t.strictSame(withGaps(sink.lines), [...numbers.slice(0, kept).map(line), `<${3001 - kept} lost>`, 'later'])
})

await t.test('after lost lines there is room again, until it is full again', async (t) => {
  const { sink, destination } = create({ room: 0 })
  const fill = (): void => {
    for (let count = 0; count < 1100; count++) destination.write(`${'.'.repeat(999)}\n`)
  }

  for (let round = 1; round <= 3; round++) {
    fill()
    sink.room = Infinity
    await waitUntil(() => sink.text.split('"log:lost"').length === round + 1, () => `gap ${round}`)
    sink.room = 0
  }
  const gaps = withGaps(sink.lines).filter((line) => line.startsWith('<'))

  t.strictSame(gaps, ['<52 lost>', '<52 lost>', '<52 lost>'])
})

await t.test('lost lines take no room', async (t) => {
  const { sink, destination } = create({ room: 0 })
  const fill = (): void => {
    for (let count = 0; count < 1000; count++) destination.write(`${'.'.repeat(999)}\n`)
  }
  fill()
  sink.refusal = 'ENOSPC'
  destination.flush()
  sink.room = Infinity
  await sink.has('"lines":1000')

  Object.assign(sink, { room: 0, refusal: 'EAGAIN' })
  fill()
  sink.room = Infinity
  await waitUntil(() => sink.lines.length === 1001, () => 'a thousand lines')

  t.equal(withGaps(sink.lines).filter((line) => line.startsWith('<')).length, 1)
})

await t.test('a line longer than the limit is written, and kept while it is the only one', async (t) => {
  const { sink, destination } = create({ room: 10 })
  const long = '.'.repeat(2 * MEBIBYTE)
  destination.write(`${long}\n`)
  destination.write('lost\n')
  destination.write('lost\n')

  sink.room = Infinity
  await sink.has('"lines":2')
  destination.write(`${long}\n`)

  t.ok(sink.lines[0] === long && sink.lines[2] === long)
  t.equal(sink.lines.length, 3)
})

await t.test('the last attempt at an exit writes what it can, and does not wait', async (t) => {
  const { sink, destination } = create({ room: 0 })
  for (const line of ['one\n', 'two\n', 'three\n']) destination.write(line)
  destination.flush()
  t.equal(sink.text, '')

  sink.room = 10
  destination.flush()

  t.equal(sink.text, 'one\ntwo\nth')
})

await t.test('a destination without pending lines writes nothing', async (t) => {
  const { sink, destination } = create()

  destination.flush()

  t.equal(sink.tries, 0)
})

await t.test('every line is written in the format of the destination, also the report about lost lines', async (t) => {
  const sink = Object.assign(new Sink(), { room: 8, refusal: 'ENOSPC' })
  const destination = new LogDestination(sink.write, (line) => `> ${line.slice(0, 10).trim()}\n`)
  destination.write('first\n')
  destination.write('lost\n')

  sink.room = Infinity
  await sink.has('level')

  t.strictSame(sink.lines, ['> first', '> {"level":4'])
})

await t.test('a terminal and a file keep their mode', async (t) => {
  const path = join(t.testdir({ log: '' }), 'log')
  const fd = openSync(path, 'w')
  t.teardown(() => { closeSync(fd) })
  const _handle = { setBlocking: () => t.fail('the mode of a terminal is changed') }

  const sizes = [{ fd, isTTY: true, _handle }, { fd }, { fd, _handle: {} }].map((stream) => withoutWaiting(stream)(Buffer.from('line\n')))

  t.strictSame(sizes, [5, 5, 5])
  t.equal(readFileSync(path, 'utf8'), 'line\n'.repeat(3))
})

/** A named pipe in the mode that a shell gives its pipes: writes block. */
function makePipe (t: Test): { reader: number, writer: number } {
  const path = join(t.testdir({}), 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return { reader, writer: openSync(path, 'w') }
}

interface Reading {
  readonly output: number | 'pipe'
  /** Begins to read what the program logs; the text is complete when the program has exited. */
  readonly read: (program: ChildProcess) => Socket
}

const OUTPUTS: Readonly<Record<string, (t: Test) => Reading>> = {
  'a pipe': (t) => {
    const { reader, writer } = makePipe(t)
    const socket = new Socket({ fd: reader, writable: false })
    t.teardown(() => { socket.destroy() })
    return { output: writer, read: () => socket }
  },
  'a socket': () => ({ output: 'pipe', read: ({ stdout }) => stdout as Socket })
}

/** Starts a program that logs 4 MB, and more after another process with the same output has exited. */
function flood (t: Test, output: number | 'pipe'): ChildProcess {
  const program = fork(FLOODS, { stdio: ['ignore', output, 'inherit', 'ipc'] })
  t.teardown(() => { program.kill('SIGKILL') })
  if (typeof output === 'number') closeSync(output)
  return program
}

async function next (program: ChildProcess, event: 'message' | 'exit'): Promise<unknown[]> {
  return await once(program, event, { signal: AbortSignal.timeout(DEADLINE) })
}

const UNWRITABLE: Readonly<Record<string, (t: Test) => number | 'pipe'>> = {
  'a pipe without a reader': (t) => {
    const { reader, writer } = makePipe(t)
    t.teardown(() => { closeSync(reader) })
    return writer
  },
  'a socket without a reader': () => 'pipe',
  'a pipe whose reader has gone': (t) => {
    const { reader, writer } = makePipe(t)
    closeSync(reader)
    return writer
  },
  'a full disk': () => openSync('/dev/full', 'w')
}

for (const [name, open] of Object.entries(UNWRITABLE)) {
  await t.test(`a program whose log goes to ${name} continues, and exits`, async (t) => {
    const program = flood(t, open(t))

    const [total] = await next(program, 'message')
    program.send('leave')
    const [code] = await next(program, 'exit')

    t.equal(total, 4000)
    t.equal(code, 0)
  })
}

for (const [name, open] of Object.entries(OUTPUTS)) {
  await t.test(`a late reader of ${name} gets whole lines in order, and the number of the lost ones`, async (t) => {
    const { output, read } = open(t)
    const program = flood(t, output)
    const [total] = await next(program, 'message')
    let text = ''
    read(program).setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
    await waitUntil(() => text.includes('"log:lost"'), () => `the gap in ${text.length} characters`)

    program.send('leave')
    await next(program, 'exit')
    await waitUntil(() => text.endsWith('"the last line"}\n'), () => `the last line in ${text.slice(-1000)}`)
    const lines = text.trim().split('\n').map((line) => JSON.parse(line))
    const numbers = lines.filter(({ number }) => number !== undefined).map(({ number }) => number)
    const lost = lines.filter(({ event }) => event === 'log:lost').reduce((sum, { lines }) => sum + lines, 0)

    t.strictSame(numbers, numbers.map((_, index) => index))
    t.equal(numbers.length + lost, total)
  })
}
