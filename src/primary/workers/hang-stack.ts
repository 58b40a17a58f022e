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

/** Milliseconds between two searches for the worker's inspector: no event announces it. */
const SEARCH_INTERVAL = 20

const MAX_FRAMES = 50

/**
 * Settings for `cluster.setupPrimary()` that let `captureHangStack()` debug a worker: an inspector that is started
 * later listens on the loopback interface, on a port that the kernel chooses, and does not log its address. On their
 * own they start nothing.
 *
 * Both are needed: cluster takes `--inspect-port` as a request to debug, and appends a port that it chooses (the
 * primary's port, plus one for each fork) unless `inspectPort` is set.
 *
 * When the operator started the primary with `--inspect` (also in `NODE_OPTIONS`), nothing is changed: the inspectors
 * of the workers listen where Node's documentation says, and are found there. Call this once before the first fork:
 * later a SIGUSR1 may have started the primary's own inspector.
 *
 * @param execArgv flags of the primary, which the workers inherit
 */
export function inspectableSettings (
  execArgv: readonly string[] = process.execArgv, isInspected = inspectorUrl() !== undefined
): Pick<ClusterSettings, 'execArgv' | 'inspectPort'> {
  if (isInspected) return {}
  return { execArgv: [...execArgv, '--inspect-port=127.0.0.1:0', '--inspect-publish-uid=http'], inspectPort: 0 }
}

/**
 * The stack of the main thread of a hung worker, best effort: lines as in a JavaScript stack, the innermost function
 * first, at most 50. Never rejects.
 *
 * SIGUSR1 starts the worker's inspector, even in a busy loop, and a debugger session pauses the main thread for a
 * moment. Then the thread continues, and the inspector stays open. Kill the worker afterwards even without a stack,
 * because until then any local process may debug it. The worker prints "Debugger attached." on stderr; Node has no
 * option against it.
 *
 * There is no stack while the worker runs a long native or system call (`execSync`) instead of JavaScript, when it has
 * a SIGUSR1 listener of its own, and without Linux's `/proc`. No signal is sent to a process that SIGUSR1 would kill,
 * because its Node has not booted yet or runs with `--disable-sigusr1`.
 *
 * @param timeout milliseconds for everything
 */
export async function captureHangStack (pid: number, timeout = 2000): Promise<string | undefined> {
  const end = new AbortController()
  const timer = setTimeout(() => { end.abort() }, timeout)
  const stack = await Promise.race([capture(pid, end.signal), aborted(end.signal)]).catch(() => undefined)
  clearTimeout(timer)
  // Closes requests and sockets that are still open.
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

/** @returns the address of the debugger, once one of the worker's ports has answered with it */
async function findInspector (pid: number, signal: AbortSignal): Promise<string> {
  const queried = new Set<number>()
  let found: string | undefined
  while (found === undefined) {
    for (const port of await listeningPorts(pid)) {
      if (queried.has(port)) continue
      queried.add(port)
      // Not awaited: a port that never answers must not delay the others.
      queryDebugger(port, signal).then((url) => { found ??= url }, () => {})
    }
    await pause(SEARCH_INTERVAL, undefined, { signal })
  }
  return found
}

async function queryDebugger (port: number, signal: AbortSignal): Promise<string | undefined> {
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
  // The first error ends the loop below; a later one must not crash the primary.
  socket.on('error', () => {})
  socket.on('open', () => {
    socket.send(JSON.stringify({ id: 1, method: 'Debugger.enable' }))
    socket.send(JSON.stringify({ id: 2, method: 'Debugger.pause' }))
  })

  // A frame has no file name: the name was sent with `scriptParsed`.
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
    // The protocol counts lines and columns from 0, a stack from 1.
    const place = `${files.get(scriptId) || '<anonymous>'}:${lineNumber + 1}:${columnNumber + 1}`
    return functionName === '' ? `    at ${place}` : `    at ${functionName} (${place})`
  }).join('\n')
}
