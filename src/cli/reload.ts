import type { ReloadCommand } from './command-line.ts'
import type { ReloadEvent } from '../protocol/control-api.ts'
import { ServiceWentAwayError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { Client, parse } from './client.ts'
import type { Instance } from './find-instance.ts'
import { LiveBlock } from './live-block.ts'
import { paint, type Output } from './output.ts'
import { describeFailure, ReloadView } from './reload-view.ts'
import { span } from './units.ts'

/** Milliseconds between two looks at the clock, on a terminal. */
const TICK = 500

/** Asks for a reload and shows it until it has ended; with `drained`, until the older workers have as well. */
export async function reload ({ socket }: Instance, command: ReloadCommand, output: Output, signal: AbortSignal): Promise<ExitCode> {
  const { drained, json } = command
  const view = new ReloadView(drained)
  const block = new LiveBlock(output)
  const begin = performance.now()
  const show = (): void => { if (!json) block.show([`${view.progress}  ${span(performance.now() - begin)}`]) }
  let awaited = 'how the reload ended'
  const ticking = output.isTerminal ? setInterval(show, TICK) : undefined
  show()

  try {
    for await (const line of new Client(socket, signal).stream('/reload', { drained }, () => awaited)) {
      const event = parse('POST /reload', line) as ReloadEvent
      if (json) output.write(`${line}\n`)
      else for (const text of tell(view, event, output)) block.print(text)
      if (event.event === 'reload:drained') return ExitCode.ok
      if (event.event === 'reload:ended') {
        if (event.result !== 'completed') {
          block.clear()
          if (!json) for (const text of describeFailure(event)) output.warn(`baton: ${text}\n`)
          return ExitCode.forced
        }
        if (!drained) return ExitCode.ok
        awaited = 'that the older workers are gone; the reload completed'
      }
      show()
    }
    throw new ServiceWentAwayError(awaited, 'the connection ended')
  } finally {
    clearInterval(ticking)
    block.clear()
  }
}

function tell (view: ReloadView, event: ReloadEvent, output: Output): string[] {
  const { lines, isProblem } = view.tell(event)
  if (isProblem === true) return lines.map((line) => paint(output, 'yellow', line))
  return lines.map((line) => event.event === 'reload:ended' && line.startsWith('reload completed') ? paint(output, 'green', line) : line)
}
