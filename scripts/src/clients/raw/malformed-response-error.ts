/** What came over the connection is not an HTTP/1 answer; the message says what it was. */
export class MalformedResponseError extends Error {
  override readonly name = 'MalformedResponseError'
}
