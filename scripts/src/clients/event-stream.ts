import { RequestFailure } from './request-failure.ts'

/** What a stream of `GET /events` has said so far. */
export interface Events {
  /** Events that arrived whole, the goodbye included. */
  readonly count: number
  /** The data of the last one; empty when there is none. */
  readonly last: string
  /** The server has said goodbye, and nothing after it. */
  readonly isOver: boolean
}

const BLOCK_END = '\n\n'
const BLOCK = /^(?:retry: \d+|(event: goodbye\n)?data: (.+))$/

/**
 * Reads a stream, strictly: an event that is not of the built-in application is a wrong one.
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
