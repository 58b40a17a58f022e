import fc from 'fast-check'

/** Bytes that are no good HTTP/1.1, as latin1. */
export interface MalformedRequest {
  /** In the paths of its requests: four digits. */
  readonly id: string
  readonly kind: string
  /** Written one after the other. */
  readonly pieces: readonly string[]
  /** The server has to end the connection; after the others it may wait for more. */
  readonly isHopeless: boolean
}

/** Becomes the id, which is as long. */
const ID = '{id}'
/** Path that an application may see, once for each time that it is in the bytes. */
const SEEN = `/seen/${ID}`
/** A whole request that is part of something else, or comes after an error: the application must never see it. */
const HIDDEN = `GET /hidden/${ID} HTTP/1.1\r\nHost: hidden\r\n\r\n`
const GET = `GET ${SEEN} HTTP/1.1\r\nHost: test\r\n`
const POST = `POST ${SEEN} HTTP/1.1\r\nHost: test\r\nContent-Type: text/plain\r\n`
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`
const GOOD = `${GET}\r\n`
const GOOD_POST = `${POST}Content-Length: 5\r\n\r\nhello`
const GOOD_CHUNKED = `${CHUNKED}5\r\nhello\r\n0\r\n\r\n`

const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 200 })
const control = fc.constantFrom('\0', '\x01', '\x07', '\x0b', '\x1b', '\x7f')
const long = fc.integer({ min: 17_000, max: 70_000 })

/** What comes first is refused whole, and so is all that comes behind it. */
const HOPELESS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'a bad method': fc.constantFrom('GE', 'get', 'G@T', 'FOO', '(GET)', '"GET"', 'GET\0').map((method) => `${method} ${SEEN} HTTP/1.1\r\nHost: a\r\n\r\n`),
  'a bad version': fc.constantFrom('HTTP/1', 'HTTP/1.', 'HTTP/11', 'HTTP/1.1x', 'http/1.1', 'HTTPS/1.1', 'HTTP/9.9', 'HTTP/-1.1', '/1.1', 'ICE/1.0')
    .map((version) => `GET ${SEEN} ${version}\r\nHost: a\r\n\r\n`),
  'two spaces too many': fc.constantFrom(`GET ${SEEN} x HTTP/1.1`, `GET ${SEEN}  HTTP/1.1 `, `GET\t${SEEN}\tHTTP/1.1`, `${SEEN} GET HTTP/1.1`)
    .map((line) => `${line}\r\nHost: a\r\n\r\n`),
  'a control character in the path': control.map((character) => `GET ${SEEN}${character} HTTP/1.1\r\nHost: a\r\n\r\n`),
  'a control character in the name of a header': control.map((character) => `${GET}X-${character}: 1\r\n\r\n`),
  'a control character in the value of a header': control.map((character) => `${GET}X: 1${character}2\r\n\r\n`),
  'a space before the colon': fc.constantFrom(' ', '\t').map((space) => `${POST}Content-Length${space}: 5\r\n\r\nhello`),
  'a header without a colon': fc.constant(`${GET}nonsense\r\n\r\n`),
  'a header without a name': fc.constant(`${GET}: nameless\r\n\r\n`),
  'a first header that is folded': fc.constantFrom(' ', '\t').map((space) => `GET ${SEEN} HTTP/1.1\r\n${space}Host: a\r\n\r\n`),
  'a bare CR': fc.constant(`${GET}X: a\r${HIDDEN}`),
  'a bare CR for each CRLF': fc.constant(`${GOOD}`.replaceAll('\n', '')),
  'a bare LF for each CRLF': fc.constant(`${GOOD}`.replaceAll('\r', '')),
  'a header that is too long': long.map((length) => `${GET}X: ${'a'.repeat(length)}\r\n\r\n`),
  'a name that is too long': long.map((length) => `${GET}${'a'.repeat(length)}: 1\r\n\r\n`),
  'a path that is too long': long.map((length) => `GET /${'a'.repeat(length)} HTTP/1.1\r\nHost: a\r\n\r\n`),
  'too many headers': fc.integer({ min: 3000, max: 5000 }).map((count) => `${GET}${'X-Many: many\r\n'.repeat(count)}\r\n`),
  'a bad length': fc.constantFrom('-1', '+5', '0x5', '5 5', '5,6', '5, 5', 'five', '5.0', '', '1e1', '99999999999999999999999', '5;')
    .map((length) => `${POST}Content-Length: ${length}\r\n\r\nhello`),
  'two lengths': fc.tuple(fc.nat(60), fc.nat(60)).map(([one, other]) => `${POST}Content-Length: ${one}\r\nContent-Length: ${other}\r\n\r\n${HIDDEN}`),
  'a length beside chunks': fc.tuple(fc.boolean(), fc.nat(60)).map(([isFirst, length]) => {
    const headers = [`Content-Length: ${length}`, 'Transfer-Encoding: chunked']
    return `${POST}${(isFirst ? headers : headers.reverse()).join('\r\n')}\r\n\r\n0\r\n\r\n`
  }),
  'a strange encoding': fc.constantFrom('xchunked', 'chunked, identity', 'identity', 'chunked;', '"chunked"', '\x0bchunked', 'chunked, gzip')
    .map((encoding) => `${POST}Transfer-Encoding: ${encoding}\r\n\r\n0\r\n\r\n`),
  'a bad chunk size': fc.constantFrom('-1', '-5', '+5', '0x5', 'g', '', ' 5', '5g', '5,5', 'ffffffffffffffffff', '\0', '5\0')
    .map((size) => `${CHUNKED}${size}\r\nhello\r\n0\r\n\r\n`),
  'a chunk that is longer than its size': fc.integer({ min: 1, max: 4 }).map((size) => `${CHUNKED}${size}\r\nhello\r\n0\r\n\r\n`),
  'a chunk extension that is too long': long.map((length) => `${CHUNKED}5;${'a'.repeat(length)}\r\nhello\r\n0\r\n\r\n`),
  'a bare LF after a chunk extension': fc.constant(`${CHUNKED}5;a\nhello\r\n0\r\n\r\n`),
  'a bare LF after a chunk': fc.constant(`${CHUNKED}5\nhello\n0\n\n`),
  'a trailer without a colon': fc.constant(`${CHUNKED}5\r\nhello\r\n0\r\nnonsense\r\n\r\n`),
  'trailers that are too long': long.map((length) => `${CHUNKED}5\r\nhello\r\n0\r\nX: ${'a'.repeat(length)}\r\n\r\n`),
  'TLS instead': bytes.map((random) => `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${random}`),
  'HTTP/2 instead': fc.constant('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'),
  'SSH instead': fc.constant('SSH-2.0-OpenSSH_9.2\r\n'),
  'a proxy protocol': fc.constant('PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n'),
  'bytes without sense': bytes.map((random) => `\x01${random}`)
}

/** The server may wait for more, or answer as usual: there is nothing wrong with it yet, or not for everybody. */
const UNFINISHED: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'half a request': fc.tuple(fc.constantFrom(GOOD, GOOD_POST, GOOD_CHUNKED), fc.nat(200))
    .map(([request, end]) => request.slice(0, 1 + end % (request.length - 1))),
  'empty lines only': fc.integer({ min: 1, max: 50 }).map((count) => '\r\n'.repeat(count)),
  'a folded header': fc.constant(`${GET}X: a\r\n ${HIDDEN.replaceAll('\r\n', '\r\n ')}\r\n\r\n`),
  'an expectation that no server meets': fc.constant(`${POST}Expect: the-unexpected\r\nContent-Length: ${HIDDEN.length}\r\n\r\n`),
  'an upgrade to nothing': fc.constant(`${GET}Connection: Upgrade\r\nUpgrade: nothing\r\n\r\n${HIDDEN}`.replace(HIDDEN, '')),
  'a tunnel': fc.constant('CONNECT hidden:443 HTTP/1.1\r\nHost: hidden\r\n\r\n'),
  'a body to a GET': fc.constant(`${GET}Content-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`),
  'a request for a body': fc.constant(`${POST}Content-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`),
  'a broken escape in the path': fc.constantFrom('%', '%zz', '%c0%af', '%00', '..%2f..', '//x').map((path) => `GET ${SEEN}${path} HTTP/1.1\r\nHost: a\r\n\r\n`),
  'HTTP/1.0': fc.constantFrom(`GET ${SEEN} HTTP/1.0\r\n\r\n`, `POST ${SEEN} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  // Answered and closed like a request, so that another one behind it counts as one that was sent too late.
  'no host': fc.constant(`GET ${SEEN} HTTP/1.1\r\n\r\n`),
  'several hosts': fc.constant(`${GET}Host: other\r\n\r\n`),
  'good requests, changed at random': fc.tuple(
    fc.constantFrom(GOOD, GOOD_POST, GOOD_CHUNKED, GOOD_POST + GOOD, GOOD + GOOD_CHUNKED),
    fc.array(fc.tuple(fc.nat(400), fc.nat(2), bytes), { minLength: 1, maxLength: 3 })
  ).map(([request, changes]) => changes.reduce(change, request))
}

function change (text: string, [at, removed, added]: [number, number, string]): string {
  const position = at % text.length
  return text.slice(0, position) + added.slice(0, 1 + at % 3) + text.slice(position + removed)
}

/** Some answers do not wait for the body. */
const path = fc.constantFrom('/seen/', '/seen/', '/early/')

/** In front of it: requests that are answered. */
const before = fc.constantFrom('', '', '', GOOD, GOOD_POST, GOOD_CHUNKED, GOOD + GOOD, `GET /slow/${ID} HTTP/1.1\r\nHost: a\r\n\r\n`)

function cut (text: string, places: readonly number[]): string[] {
  const ends = [...new Set(places.map((place) => place % text.length))].sort((one, other) => one - other)
  return [...ends, text.length].map((end, index) => text.slice(ends[index - 1] ?? 0, end)).filter((piece) => piece !== '')
}

interface Drawn {
  readonly kind: string
  readonly text: string
  readonly places: readonly number[]
  readonly isHopeless: boolean
}

function draw (kinds: Readonly<Record<string, fc.Arbitrary<string>>>, isHopeless: boolean): Array<fc.Arbitrary<Drawn>> {
  return Object.entries(kinds).map(([kind, texts]) => {
    return fc.tuple(before, texts, path, fc.boolean(), fc.array(fc.nat(), { maxLength: 3 })).map(([first, text, path, isFollowed, places]) => ({
      kind: first === '' ? kind : `${kind}, after others`,
      text: `${first}${text.replaceAll('/seen/', path)}${isHopeless && isFollowed ? HIDDEN : ''}`,
      places,
      isHopeless
    }))
  })
}

const KINDS = [...draw(HOPELESS, true), ...draw(UNFINISHED, false)]

/** @returns each kind as often as the others, the same for the same seed */
export function malformedRequests (seed: number, count: number): MalformedRequest[] {
  const numRuns = Math.ceil(count / KINDS.length)
  const drawn = KINDS.flatMap((arbitrary, kind) => fc.sample(arbitrary, { seed: seed + kind, numRuns }))
  return drawn.map(({ kind, text, places, isHopeless }, index) => {
    const id = String(index).padStart(ID.length, '0')
    return { id, kind, pieces: cut(text.replaceAll(ID, id), places), isHopeless }
  })
}
