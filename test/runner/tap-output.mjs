const FILE = /^# file: (.+)$/
const RESULT = /^ *(not )?ok \d/
const SUBTEST = /^ *# Subtest/

/** Reads the TAP of test files that run one after the other in one process. */
export class TapOutput {
  /** What came after the last file: errors that no test was there for any more. */
  trailer = ''
  #onResult
  #rest = ''
  #current
  #results = 0
  #hasPlan = false

  /** @param onResult is given name, assertions, milliseconds and the text of the failures of each file when it ends */
  constructor (onResult) {
    this.#onResult = onResult
  }

  /** Whether the process ran every file, and said in the end how many tests that were. */
  get isComplete () {
    return this.#current === undefined && this.#results > 0 && this.#hasPlan
  }

  write (text) {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()
    for (const line of lines) this.#read(line)
  }

  /** The process ended in the middle of a file, if it did: that file has failed. */
  end (reason) {
    if (this.#current === undefined) return
    this.#current.lines.push(this.#rest)
    this.#finish(`${lastBlock(this.#current.lines)}${reason}\n`)
  }

  #read (line) {
    const [, file] = FILE.exec(line) ?? []
    if (file !== undefined) {
      if (this.#current !== undefined) this.#finish()
      if (file !== 'none is left') this.#current = { file, assertions: 0, tests: 0, lines: [], start: performance.now() }
      return
    }
    if (/^1\.\.[1-9]/.test(line)) this.#hasPlan = true
    if (this.#current === undefined) {
      this.trailer += `${line}\n`
      return
    }
    if (RESULT.test(line)) this.#current.assertions++
    if (RESULT.test(line) && !line.startsWith(' ')) this.#current.tests++
    // The result of a subtest is not an assertion of its own.
    if (SUBTEST.test(line)) this.#current.assertions--
    if (!/^ +ok /.test(line)) this.#current.lines.push(line)
  }

  #finish (failures = this.#current.tests > 0 ? '' : 'no test ran\n') {
    const { file, assertions, lines, start } = this.#current
    this.#current = undefined
    this.#results++
    const failed = blocks(lines).filter((block) => /^not ok /m.test(block))
    this.#onResult({ file, assertions, duration: performance.now() - start, failures: [...failed, failures].join('') })
  }
}

/** @returns the text of each test of a file with all that is in it */
function blocks (lines) {
  return lines.map((line) => `${line}\n`).join('').split(/^(?=# Subtest: )/m)
}

function lastBlock (lines) {
  return blocks(lines).at(-1) ?? ''
}
