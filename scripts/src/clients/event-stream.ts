import { RequestFailure } from './request-failure.ts'

/** What has arrived so far of a stream of `GET /events`. */
export interface Events {
  /** Events that arrived completely, including the goodbye. */
  readonly count: number
  /** The data of the last event; empty when there is none. */
  readonly last: string
  /** The goodbye was the last that arrived. */
  readonly isOver: boolean
}

const BLOCK_END = '\n\n'
const BLOCK = /^(?:retry: \d+|(event: goodbye\n)?data: (.+))$/

/**
 * Reads a stream strictly: an event that the built-in application does not send is wrong content.
 *
 * @throws RequestFailure
 */
export function readEvents (text: string): Events {
  const blocks = text.split(BLOCK_END)
  const rest = blocks.pop()
  let events: Events = { count: 0, last: '', isOver: false }
  for (const block of blocks) {
    const match = BLOCK.exec(block)
    if (match === null || events.isOver) throw new RequestFailure('wrong content', text.length)
    const [, goodbye, data] = match
    if (data !== undefined) events = { count: events.count + 1, last: data, isOver: goodbye !== undefined }
  }
  return { ...events, isOver: events.isOver && rest === '' }
}
