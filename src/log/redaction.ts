const NAME = '(?:proxy-)?authorization|(?:set-)?cookie'
const TEXT = String.raw`"(?:[^"\\]|\\.)*"`
/** A list or an object of texts that contains no further ones; or bytes. */
const FLAT = String.raw`[[{](?:${TEXT}|[^"[\]{}])*[\]}]|\{"type":"Buffer","data":\[[\d,]*\]\}`
/** The quote at its end has one backslash before it; a quote inside has more. */
const INNER_TEXT = String.raw`\\+"(?:[^"\\]|\\{2,}"?|\\[^"\\])*(?:\\")?`

/**
 * All forms in which such a header can appear in a line of JSON; the part to keep comes first in each. No repetition
 * is tried before a name is found, so that a client cannot make a line expensive.
 */
const SECRETS = new RegExp([
  // A field of an object, or a pair of Node's rawHeaders. `rawPacket` is input that Node's HTTP parser rejected.
  `("(?:${NAME})"[:,]|"rawPacket":)(?:${TEXT}|${FLAT})(?!:)`,
  // The same in JSON inside a text.
  String.raw`(\\"(?:${NAME})\\+"\s*[:,]\s*)(?:${INNER_TEXT}|\[(?:[^\]"\\]|\\.)*\]?)`,
  // A line of the head of a message, or a field in the output of util.inspect().
  String.raw`((?:["{,[]|\\n)[\s']*(?:${NAME})'?\s*:\s*)(?:[^"\\]|\\[^rn])+`
].join('|'), 'gi')

const CENSOR = '[Redacted]'

/**
 * Removes credentials from a line of the log: the values of Authorization, Proxy-Authorization, Cookie and Set-Cookie,
 * wherever they appear.
 *
 * Works on the finished line, because applications log headers in any shape: pino's `redact` covers only known paths,
 * and is slower with wildcards.
 *
 * @param line JSON
 * @returns JSON
 */
export function redact (line: string): string {
  return line.replace(SECRETS, (_match, field?: string, inner?: string, head?: string) =>
    field === undefined ? `${inner ?? head}${CENSOR}` : `${field}"${CENSOR}"`)
}
