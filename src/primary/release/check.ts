import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname, extname, join, resolve } from 'node:path'
import { assignmentVariable } from '../../protocol/assignment.ts'
import { readVariables, shellDirectory } from '../../config/config.ts'
import {
  ApplicationNotFoundError, ForkFailedError, StartTimeoutError, toErrorReport, UncleanCloseError, WorkerExitedError, type ErrorReport
} from '../../errors.ts'
import { unwrap, type ToPrimary } from '../../protocol/messages.ts'
import { makeGeneration, type Generation } from './generation.ts'
import { startPaths, type StartPaths } from './paths.ts'

/** Result of a check. */
export interface CheckResult {
  /** All that is wrong with settings and paths; empty when the configuration is right. */
  readonly problems: readonly ErrorReport[]
  /** Null when it was not started, because the configuration is wrong. */
  readonly application: Attempt | null
}

/** One trial start of the application. */
export interface Attempt {
  /** Resolved path; null for the built-in one. */
  readonly path: string | null
  /** Milliseconds until it was ready, or until it failed. */
  readonly durationMs: number
  /** Null when it became ready. */
  readonly error: ErrorReport | null
  /** Why it did not close properly after it had become ready. */
  readonly warning: ErrorReport | null
}

/**
 * Tries once what a start or a reload would run now, and leaves nothing behind.
 *
 * @param application as typed on the command line, if it was
 */
export async function checkRelease (application: string | undefined, paths: StartPaths = startPaths(shellDirectory(), application)): Promise<CheckResult> {
  const { generation, problems } = prepare(application, paths)
  return { problems, application: generation === undefined ? null : await attempt(generation) }
}

/** Wrong settings do not hide that the application's file is missing: both are reported. */
function prepare (application: string | undefined, paths: StartPaths): { generation?: Generation, problems: ErrorReport[] } {
  try {
    return { generation: makeGeneration(1, readVariables(paths.directory), paths, application), problems: [] }
  } catch (error) {
    const file = application === undefined ? undefined : resolve(paths.directory, application)
    const missing = file === undefined || existsSync(file) ? [] : [new ApplicationNotFoundError(file)]
    return { problems: [error, ...missing].map(toErrorReport) }
  }
}

/** Boots the application in a process of its own, so that none of its code is loaded in this one. */
async function attempt (generation: Generation): Promise<Attempt> {
  const { application, config: { startTimeout, stopTimeout } } = generation
  const begin = performance.now()
  const elapsed = (): number => Math.round(performance.now() - begin)
  let child: ChildProcess
  try {
    child = boot(generation)
  } catch (error) {
    // Out of file descriptors or processes: some of these errors are thrown, others are events.
    return { path: application, durationMs: elapsed(), error: toErrorReport(new ForkFailedError((error as Error).message)), warning: null }
  }

  let readyAfter: number | undefined
  let cause: Error | ErrorReport | undefined
  const killLater = (timeout: number, reason: Error): NodeJS.Timeout => setTimeout(() => {
    cause ??= reason
    child.kill('SIGKILL')
  }, timeout)
  let timer = killLater(startTimeout, new StartTimeoutError(startTimeout))
  child.on('message', (received) => {
    const message = unwrap<ToPrimary>(received)
    if (message?.type === 'failed') cause ??= message.error
    if (message?.type !== 'ready') return
    readyAfter = elapsed()
    clearTimeout(timer)
    timer = killLater(stopTimeout, new Error(`it was still running after ${stopTimeout} ms (STOP_TIMEOUT_MS)`))
  })

  const exit = await ended(child)
  clearTimeout(timer)
  if (readyAfter === undefined) {
    return { path: application, durationMs: elapsed(), error: toReport(cause ?? exit ?? new WorkerExitedError('exited with code 0')), warning: null }
  }
  const problem = cause ?? exit
  const warning = problem === undefined ? null : toErrorReport(new UncleanCloseError(problem.message))
  return { path: application, durationMs: readyAfter, error: null, warning }
}

function boot ({ number, application, config: { host, port }, directory, program, variables }: Generation): ChildProcess {
  return fork(join(dirname(program), `check${extname(program)}`), [], {
    cwd: directory,
    env: { ...variables, ...assignmentVariable({ slot: 0, generation: number, application, address: { host, port }, slotPort: null, logFile: null, transport: 'http' }) },
    // stdout of the command is for its own result, so the application's output goes to stderr.
    stdio: ['ignore', 2, 2, 'ipc']
  })
}

/** @returns what went wrong with the process, once it has exited and all its messages have arrived */
async function ended (child: ChildProcess): Promise<Error | undefined> {
  try {
    const [[code, signal]] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')])
    if (code === 0) return undefined
    return new WorkerExitedError(signal === null ? `exited with code ${code}` : `was killed by ${signal}`)
  } catch (error) {
    return new ForkFailedError((error as Error).message)
  }
}

function toReport (cause: Error | ErrorReport): ErrorReport {
  return cause instanceof Error ? toErrorReport(cause) : cause
}
