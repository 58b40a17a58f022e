import type { ReloadCommand } from './command-line.ts'
import type { ReloadEvent } from '../protocol/control-api.ts'
import { ServiceWentAwayError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { Client, parse } from './client.ts'
import type { FoundInstance } from './find-instance.ts'
import { LiveBlock } from './live-block.ts'
import { paint, type Output } from './output.ts'
import { describeFailure, ReloadView } from './reload-view.ts'
import { span } from './units.ts'

/** Milliseconds between two updates of the elapsed time on a terminal. */
const REFRESH_INTERVAL = 500

/** Requests a reload and shows it until its end; with `drained`, until the older workers have exited too. */
export async function reload (
  { socket }: FoundInstance, command: ReloadCommand, output: Output, signal: AbortSignal
): Promise<ExitCode> {
  const { drained, json } = command
  const view = new ReloadView(drained)
  const block = new LiveBlock(output)
  const begin = performance.now()
  const show = (): void => { if (!json) block.show([`${view.progress}  ${span(performance.now() - begin)}`]) }
  let awaited = 'the end of the reload'
  const refreshing = output.isTerminal ? setInterval(show, REFRESH_INTERVAL) : undefined
  show()

  try {
    for await (const line of new Client(socket, signal).stream('/reload', { drained }, () => awaited)) {
      const event = parse('POST /reload', line) as ReloadEvent
      if (json) output.write(`${line}\n`)
      else for (const text of paintEvent(view, event, output)) block.print(text)
      if (event.event === 'reload:drained') return ExitCode.ok
      if (event.event === 'reload:ended') {
        const { result } = event
        if (result !== 'completed') {
          block.clear()
          if (!json) for (const text of describeFailure(result, event)) output.warn(`baton: ${text}\n`)
          return ExitCode.forced
        }
        if (!drained) return ExitCode.ok
        awaited = 'the older workers to exit, after the reload completed'
      }
      show()
    }
    throw new ServiceWentAwayError(awaited, 'the connection ended')
  } finally {
    clearInterval(refreshing)
    block.clear()
  }
}

function paintEvent (view: ReloadView, event: ReloadEvent, output: Output): string[] {
  const { lines, isProblem } = view.describe(event)
  if (isProblem === true) return lines.map((line) => paint(output, 'yellow', line))
  const isEnd = (line: string): boolean => event.event === 'reload:ended' && line.startsWith('reload completed')
  return lines.map((line) => isEnd(line) ? paint(output, 'green', line) : line)
}
