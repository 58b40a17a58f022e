const NAME = '(?:proxy-)?authorization|(?:set-)?cookie'
const TEXT = String.raw`"(?:[^"\\]|\\.)*"`
/** A list or an object of texts, without others inside; or bytes. */
const FLAT = String.raw`[[{](?:${TEXT}|[^"[\]{}])*[\]}]|\{"type":"Buffer","data":\[[\d,]*\]\}`
/** A quote at its end has one backslash before it; one that is quoted in it has more. */
const INNER_TEXT = String.raw`\\+"(?:[^"\\]|\\{2,}"?|\\[^"\\])*(?:\\")?`

/**
 * Each way in which such a header can stand in a line of JSON; what stays of it comes first. Nothing that repeats
 * is looked for before a name is found: a line that a client makes long takes no longer than its length.
 */
const SECRETS = new RegExp([
  // A field of an object, or a pair of Node's rawHeaders. The last is what Node's HTTP parser did not understand.
  `("(?:${NAME})"[:,]|"rawPacket":)(?:${TEXT}|${FLAT})(?!:)`,
  // The same in JSON that is itself a text.
  String.raw`(\\"(?:${NAME})\\+"\s*[:,]\s*)(?:${INNER_TEXT}|\[(?:[^\]"\\]|\\.)*\]?)`,
  // A line of the head of a message, or a field as util.inspect() prints it.
  String.raw`((?:["{,[]|\\n)[\s']*(?:${NAME})'?\s*:\s*)(?:[^"\\]|\\[^rn])+`
].join('|'), 'gi')

const CENSOR = '[Redacted]'

/**
 * Takes out of a line of the log what clients and servers are authorized by: the values of Authorization,
 * Proxy-Authorization, Cookie and Set-Cookie, wherever they stand.
 *
 * In the finished line, because an application logs headers in any shape: pino's `redact` knows only paths
 * that were foreseen, and with wildcards it costs more.
 *
 * @param line JSON
 * @returns JSON
 */
export function redact (line: string): string {
  return line.replace(SECRETS, (_match, field?: string, inner?: string, head?: string) =>
    field === undefined ? `${inner ?? head}${CENSOR}` : `${field}"${CENSOR}"`)
}
