import type { ClusterSettings } from 'node:cluster'
import { on, once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { url as inspectorUrl, type Debugger } from 'node:inspector'
import { constants } from 'node:os'
import { json } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { listeningPorts } from '../listen/proc-net.ts'

/** Milliseconds between two looks for the worker's inspector: nothing announces it. */
const POLL = 20

const MAX_FRAMES = 50

/**
 * Settings for `cluster.setupPrimary()` with which `captureHangStack()` finds its way into a worker: an
 * inspector that is started later listens on the loopback interface, on a port that the kernel chooses,
 * and keeps its address off the log. They start nothing, and cost nothing.
 *
 * Both are needed: cluster takes `--inspect-port` for a wish to debug, and appends a port of its own
 * choice, the port of the primary and one more for each fork, unless `inspectPort` says which.
 *
 * When the operator started us with `--inspect` (or by `NODE_OPTIONS`), nothing is changed: the workers
 * listen where Node's documentation says, and are found there. So ask before the first fork, once: later
 * a SIGUSR1 may have started our own inspector.
 *
 * @param execArgv flags of the primary, which the workers keep
 */
export function inspectableSettings (
  execArgv: readonly string[] = process.execArgv, isInspected = inspectorUrl() !== undefined
): Pick<ClusterSettings, 'execArgv' | 'inspectPort'> {
  if (isInspected) return {}
  return { execArgv: [...execArgv, '--inspect-port=127.0.0.1:0', '--inspect-publish-uid=http'], inspectPort: 0 }
}

/**
 * The stack of the main thread of a worker that hangs, best effort: lines as in a JavaScript stack, the
 * innermost function first, at most 50. Never rejects.
 *
 * SIGUSR1 starts the worker's inspector, also while JavaScript spins, and a debugger session pauses the
 * main thread for a moment. It goes on then, and the inspector stays open: kill the worker afterwards,
 * whatever came of it, because any local process may debug it until then. The worker's stderr says
 * "Debugger attached.", for which Node has no option.
 *
 * There is none when the worker does not run JavaScript but a long call of native code or of the system
 * (`execSync`), when it has a SIGUSR1 listener of its own, and without Linux's `/proc`. A process that
 * SIGUSR1 would kill, because its Node has not booted yet or runs with `--disable-sigusr1`, is left alone.
 *
 * @param timeout milliseconds for all of it
 */
export async function captureHangStack (pid: number, timeout = 2000): Promise<string | undefined> {
  const end = new AbortController()
  const timer = setTimeout(() => { end.abort() }, timeout)
  const stack = await Promise.race([capture(pid, end.signal), aborted(end.signal)]).catch(() => undefined)
  clearTimeout(timer)
  // Whatever is still open ends with it.
  end.abort()
  return stack
}

async function capture (pid: number, signal: AbortSignal): Promise<string | undefined> {
  if (!await catchesSigusr1(pid)) return undefined
  process.kill(pid, 'SIGUSR1')
  return await readStack(await findInspector(pid, signal), signal)
}

async function aborted (signal: AbortSignal): Promise<undefined> {
  await once(signal, 'abort')
}

async function catchesSigusr1 (pid: number): Promise<boolean> {
  const caught = /^SigCgt:\s*(\w+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (BigInt(`0x${caught}`) >> BigInt(constants.signals.SIGUSR1 - 1)) % 2n === 1n
}

/** @returns the address of the debugger, once one of the worker's ports has told it */
async function findInspector (pid: number, signal: AbortSignal): Promise<string> {
  const asked = new Set<number>()
  let found: string | undefined
  while (found === undefined) {
    for (const port of await listeningPorts(pid)) {
      if (asked.has(port)) continue
      asked.add(port)
      // A port that never answers keeps none of the others waiting.
      askForDebugger(port, signal).then((url) => { found ??= url }, () => {})
    }
    await pause(POLL, undefined, { signal })
  }
  return found
}

async function askForDebugger (port: number, signal: AbortSignal): Promise<string | undefined> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/json/list', agent: false, signal }, resolve).on('error', reject)
  })
  const [target] = await json(response) as Array<{ webSocketDebuggerUrl?: string }>
  return target?.webSocketDebuggerUrl
}

type Message =
  | { readonly method: 'Debugger.scriptParsed', readonly params: Debugger.ScriptParsedEventDataType }
  | { readonly method: 'Debugger.paused', readonly params: Debugger.PausedEventDataType }
  | { readonly method?: undefined, readonly params?: unknown }

async function readStack (url: string, signal: AbortSignal): Promise<string | undefined> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  signal.addEventListener('abort', () => { socket.terminate() }, { once: true })
  // The first error ends the loop below; one that comes afterwards must not end us.
  socket.on('error', () => {})
  socket.on('open', () => {
    socket.send(JSON.stringify({ id: 1, method: 'Debugger.enable' }))
    socket.send(JSON.stringify({ id: 2, method: 'Debugger.pause' }))
  })

  // Frames come without the file's name, which was sent when the script was announced.
  const files = new Map<string, string>()
  for await (const [data] of on(socket, 'message', { close: ['close'] })) {
    const { method, params } = JSON.parse(String(data)) as Message
    if (method === 'Debugger.scriptParsed') files.set(params.scriptId, params.url)
    if (method === 'Debugger.paused') return toLines(params.callFrames, files)
  }
  return undefined
}

function toLines (frames: readonly Debugger.CallFrame[], files: ReadonlyMap<string, string>): string {
  return frames.slice(0, MAX_FRAMES).map(({ functionName, location: { scriptId, lineNumber, columnNumber = 0 } }) => {
    // The protocol counts from 0, a stack from 1.
    const place = `${files.get(scriptId) || '<anonymous>'}:${lineNumber + 1}:${columnNumber + 1}`
    return functionName === '' ? `    at ${place}` : `    at ${functionName} (${place})`
  }).join('\n')
}
