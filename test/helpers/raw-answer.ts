/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  /** Names in lower case; the values of a name that came twice are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** As they came. */
  readonly headerLines: readonly string[]
  readonly body: string
  readonly trailers: string
}

export interface Taken {
  readonly answer: RawAnswer
  /** What comes after it. */
  readonly rest: string
}

/**
 * Takes one answer off the beginning of what was received.
 *
 * @param isBodyless the request was a HEAD
 * @param isOver nothing more comes, which is the end of a body without a length
 * @returns undefined when the answer is not whole yet
 */
export function takeAnswer (text: string, isBodyless: boolean, isOver: boolean): Taken | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [statusLine = '', ...headerLines] = text.slice(0, end).split('\r\n')
  const head = { status: Number(statusLine.split(' ')[1]), headers: toHeaders(headerLines), headerLines }
  const rest = text.slice(end + 4)

  const taken = takeBody(rest, head.status < 200 || [204, 304].includes(head.status) || isBodyless, head.headers, isOver)
  return taken === undefined ? undefined : { answer: { ...head, body: taken.body, trailers: taken.trailers }, rest: taken.rest }
}

interface TakenBody {
  readonly body: string
  readonly trailers: string
  readonly rest: string
}

function takeBody (text: string, isEmpty: boolean, headers: Readonly<Record<string, string>>, isOver: boolean): TakenBody | undefined {
  if (isEmpty) return { body: '', trailers: '', rest: text }
  if (headers['transfer-encoding'] === 'chunked') return takeChunks(text)
  const length = headers['content-length']
  if (length === undefined) return isOver ? { body: text, trailers: '', rest: '' } : undefined
  return text.length < Number(length)
    ? undefined
    : { body: text.slice(0, Number(length)), trailers: '', rest: text.slice(Number(length)) }
}

function takeChunks (text: string): TakenBody | undefined {
  let body = ''
  for (let position = 0; ;) {
    const lineEnd = text.indexOf('\r\n', position)
    const size = parseInt(text.slice(position, lineEnd), 16)
    if (lineEnd === -1 || text.length < lineEnd + size + 4) return undefined
    if (size === 0) {
      const end = text.indexOf('\r\n\r\n', lineEnd)
      return end === -1 ? undefined : { body, trailers: text.slice(lineEnd + 2, end), rest: text.slice(end + 4) }
    }
    body += text.slice(lineEnd + 2, lineEnd + 2 + size)
    position = lineEnd + 2 + size + 2
  }
}

function toHeaders (lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  return headers
}
