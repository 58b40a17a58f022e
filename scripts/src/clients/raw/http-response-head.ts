import { MalformedResponseError } from './malformed-response-error.ts'

/** What ends the body: its length, the last chunk, or the end of the connection. */
export type Framing =
  | { readonly kind: 'sized', readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-closed' }

export interface ResponseHead {
  readonly status: number
  /** Names in lower case; the values of a repeated header are joined by `, `. */
  readonly headers: ReadonlyMap<string, string>
  readonly framing: Framing
  /** It is the last answer on its connection. */
  readonly closes: boolean
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const HEADER = /^([!#$%&'*+.^`|~\w-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/
const LENGTH = /^\d{1,15}$/

/**
 * @param text status line and headers, decoded as latin1, without the empty line
 * @throws MalformedResponseError
 */
export function parseResponseHead (text: string): ResponseHead {
  const [statusLine = '', ...lines] = text.split('\r\n')
  const [, minor, digits] = STATUS_LINE.exec(statusLine) ?? []
  if (minor === undefined || digits === undefined) {
    throw new MalformedResponseError(`the status line ${JSON.stringify(statusLine.slice(0, 80))}`)
  }

  const status = Number(digits)
  const headers = parseHeaders(lines)
  const framing = framingOf(status, headers)
  return { status, headers, framing, closes: framing.kind === 'until-closed' || saysClose(headers, minor) }
}

function parseHeaders (lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, field, value] = HEADER.exec(line) ?? []
    if (field === undefined || value === undefined) {
      throw new MalformedResponseError(`the header ${JSON.stringify(line.slice(0, 80))}`)
    }
    const name = field.toLowerCase()
    const earlier = headers.get(name)
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`)
  }
  return headers
}

/** RFC 9112, section 6.3, without its leniency. */
function framingOf (status: number, headers: ReadonlyMap<string, string>): Framing {
  if (status < 200 || status === 204 || status === 304) return { kind: 'sized', length: 0 }

  const coding = headers.get('transfer-encoding')
  const length = headers.get('content-length')
  if (coding !== undefined) {
    if (length !== undefined) throw new MalformedResponseError('both Transfer-Encoding and Content-Length')
    if (coding.toLowerCase() !== 'chunked') throw new MalformedResponseError(`the transfer coding ${coding}`)
    return { kind: 'chunked' }
  }
  if (length === undefined) return { kind: 'until-closed' }
  if (!LENGTH.test(length)) throw new MalformedResponseError(`the length ${length}`)
  return { kind: 'sized', length: Number(length) }
}

function saysClose (headers: ReadonlyMap<string, string>, minor: string): boolean {
  const options = (headers.get('connection') ?? '').toLowerCase().split(',').map((option) => option.trim())
  return options.includes('close') || (minor === '0' && !options.includes('keep-alive'))
}
