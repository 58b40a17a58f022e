import t from 'tap'

import { HttpResponseParser, type HttpResponse } from '../../../src/clients/raw/http-response-parser.ts'

interface Expected {
  readonly status: number
  readonly body: string
  readonly closes?: boolean
}

const lines = (...all: string[]) => all.join('\r\n')

const COMPLETE: ReadonlyArray<readonly [title: string, text: string, expected: readonly Expected[]]> = [
  [
    'a body of known length',
    lines('HTTP/1.1 200 OK', 'Content-Length: 5', '', 'hello'),
    [{ status: 200, body: 'hello' }]
  ],
  [
    'a body of length 0',
    lines('HTTP/1.1 200 OK', 'Content-Length: 0', '', ''),
    [{ status: 200, body: '' }]
  ],
  [
    'a status line without a reason',
    lines('HTTP/1.1 503', 'content-length: 1', '', 'x'),
    [{ status: 503, body: 'x' }]
  ],
  [
    'names in any case, and space around values',
    lines('HTTP/1.1 200 OK', 'cOnTeNt-LeNgTh:\t 2 \t', 'CONNECTION:  Close ', '', 'ok'),
    [{ status: 200, body: 'ok', closes: true }]
  ],
  [
    'close among several options of the connection, in several headers',
    lines('HTTP/1.1 200 OK', 'Content-Length: 0', 'Connection: upgrade', 'Connection: foo , CLOSE', '', ''),
    [{ status: 200, body: '', closes: true }]
  ],
  [
    'an option that only begins like close',
    lines('HTTP/1.1 200 OK', 'Content-Length: 0', 'Connection: closed, not-close', '', ''),
    [{ status: 200, body: '' }]
  ],
  [
    'chunks',
    lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5', 'hello', '6', ' world', '0', '', ''),
    [{ status: 200, body: 'hello world' }]
  ],
  [
    'chunks with extensions, sizes in any case, line ends inside, and trailers',
    lines('HTTP/1.1 200 OK', 'Transfer-Encoding: Chunked', '', '00A;a=b', '0\r\n\r\n56789', 'b ;x', 'abcdefghijk', '000', 'Sum: 1', 'B: 2', '', ''),
    [{ status: 200, body: '0\r\n\r\n56789abcdefghijk' }]
  ],
  [
    'no chunk but the last',
    lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '0', '', ''),
    [{ status: 200, body: '' }]
  ],
  [
    'answers that have no body, whatever their headers say',
    lines('HTTP/1.1 204 No Content', 'Content-Length: 7', '', 'HTTP/1.1 304 Not Modified', '', ''),
    [{ status: 204, body: '' }, { status: 304, body: '' }]
  ],
  [
    'interim answers before the final one',
    lines('HTTP/1.1 100 Continue', '', 'HTTP/1.1 103 Early Hints', 'Link: </x>', '', 'HTTP/1.1 200 OK', 'Content-Length: 1', '', 'x'),
    [{ status: 200, body: 'x' }]
  ],
  [
    'several answers at once',
    lines('HTTP/1.1 200 OK', 'Content-Length: 1', '', 'aHTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '1', 'b', '0', '', 'HTTP/1.1 500 No', 'Connection: close', 'Content-Length: 1', '', 'c'),
    [{ status: 200, body: 'a' }, { status: 200, body: 'b' }, { status: 500, body: 'c', closes: true }]
  ],
  [
    'HTTP/1.0, which closes unless it says otherwise',
    lines('HTTP/1.0 200 OK', 'Content-Length: 1', 'Connection: keep-alive', '', 'aHTTP/1.0 200 OK', 'Content-Length: 1', '', 'b'),
    [{ status: 200, body: 'a' }, { status: 200, body: 'b', closes: true }]
  ],
  [
    'nothing after an answer that closes',
    lines('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 1', '', 'aHTTP/1.1 200 OK', 'Content-Length: 1', '', 'b\0\r\n\r\n'),
    [{ status: 200, body: 'a', closes: true }]
  ],
  [
    'a body that looks like an answer',
    lines('HTTP/1.1 200 OK', 'Content-Length: 19', '', 'HTTP/1.1 200 OK\r\n\r\n'),
    [{ status: 200, body: 'HTTP/1.1 200 OK\r\n\r\n' }]
  ]
]

const UNTIL_CLOSED = lines('HTTP/1.1 200 OK', 'Content-Type: text/plain', '', 'all\r\n\r\nof it')

const CUT: ReadonlyArray<readonly [title: string, text: string]> = [
  ['in the status line', 'HTTP/1.1 20'],
  ['in the headers', lines('HTTP/1.1 200 OK', 'Content-Length: 0', '')],
  ['before the body', lines('HTTP/1.1 200 OK', 'Content-Length: 5', '', '')],
  ['in the body', lines('HTTP/1.1 200 OK', 'Content-Length: 5', '', 'hell')],
  ['before the first chunk', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '')],
  ['in a chunk', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5', 'hel')],
  ['between two chunks', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5', 'hello', '')],
  ['before the end of the trailers', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5', 'hello', '0', '')]
]

const MALFORMED: ReadonlyArray<readonly [title: string, text: string]> = [
  ['another protocol', 'SSH-2.0-OpenSSH\r\n\r\n'],
  ['another version', lines('HTTP/2.0 200 OK', '', '')],
  ['an empty line first', lines('', 'HTTP/1.1 200 OK', 'Content-Length: 0', '', '')],
  ['a status of two digits', lines('HTTP/1.1 20 OK', '', '')],
  ['a status out of range', lines('HTTP/1.1 600 OK', 'Content-Length: 0', '', '')],
  ['an unexpected upgrade', lines('HTTP/1.1 101 Switching Protocols', 'Upgrade: x', '', '')],
  ['a header without a colon', lines('HTTP/1.1 200 OK', 'Content-Length 0', '', '')],
  ['a space before the colon', lines('HTTP/1.1 200 OK', 'Content-Length : 0', '', '')],
  ['a folded header', lines('HTTP/1.1 200 OK', 'A: b', ' c', '', '')],
  ['a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n'],
  ['a zero byte in a value', lines('HTTP/1.1 200 OK', 'A: b\0c', '', '')],
  ['two lengths', lines('HTTP/1.1 200 OK', 'Content-Length: 1', 'Content-Length: 2', '', 'ab')],
  ['a length that is not a number', lines('HTTP/1.1 200 OK', 'Content-Length: -1', '', '')],
  ['a length in hexadecimal', lines('HTTP/1.1 200 OK', 'Content-Length: 0x5', '', 'hello')],
  ['an empty length', lines('HTTP/1.1 200 OK', 'Content-Length:', '', '')],
  ['an excessive length', lines('HTTP/1.1 200 OK', 'Content-Length: 99999999999', '', '')],
  ['a length and chunks', lines('HTTP/1.1 200 OK', 'Content-Length: 5', 'Transfer-Encoding: chunked', '', '0', '', '')],
  ['another coding', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked', '', '0', '', '')],
  ['a chunk size that is not a number', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', 'x', '', '')],
  ['an empty chunk size', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '', '')],
  ['a chunk longer than its size', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '2', 'abc', '0', '', '')],
  ['an excessive chunk size', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', 'fffffffff', '')],
  ['a head without end', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(70_000)}`],
  ['a chunk size without end', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', `1;${'a'.repeat(5000)}`)]
]

const plain = ({ status, body, closes }: HttpResponse): Required<Expected> => ({ status, body: body.toString('latin1'), closes })

/** Splits the text into pieces of a size, of which the first may be shorter. */
function pieces (text: string, size: number, first = size): Buffer[] {
  const bytes = Buffer.from(text, 'latin1')
  const starts = [0]
  for (let start = first; start < bytes.length; start += size) starts.push(start)
  return starts.map((start, index) => bytes.subarray(start, starts[index + 1]))
}

for (const [title, text, expected] of COMPLETE) {
  await t.test(`reads ${title}, split at every byte`, async (t) => {
    const wanted = expected.map((response) => ({ closes: false, ...response }))
    const splits = [
      pieces(text, 1),
      ...Array.from({ length: text.length }, (_, at) => pieces(text, text.length, at + 1))
    ]

    for (const split of splits) {
      const parser = new HttpResponseParser()
      const responses = split.flatMap((piece) => parser.push(piece))

      t.strictSame(responses.map(plain), wanted, `first piece of ${split[0]?.length} bytes`)
      t.equal(parser.pendingBytes, 0)
      t.equal(parser.finish(), undefined)
    }
  })
}

await t.test('reads a body without a length until the connection ends', async (t) => {
  for (let at = 1; at <= UNTIL_CLOSED.length; at++) {
    const parser = new HttpResponseParser()
    for (const piece of pieces(UNTIL_CLOSED, UNTIL_CLOSED.length, at)) t.strictSame(parser.push(piece), [])

    const response = parser.finish()

    t.strictSame(response && plain(response), { status: 200, body: 'all\r\n\r\nof it', closes: true })
  }
})

await t.test('an interim answer is noted, and is not part of the answer that follows', async (t) => {
  const parser = new HttpResponseParser()

  t.strictSame(parser.push(Buffer.from(lines('HTTP/1.1 100 Continue', '', ''))), [])
  t.strictSame(parser.interim, [100])
  t.equal(parser.pendingBytes, 0)
  t.equal(parser.finish(), undefined)

  t.equal(parser.push(Buffer.from(lines('HTTP/1.1 200 OK', 'Content-Length: 0', '', ''))).length, 1)
  t.strictSame(parser.interim, [])
})

for (const [title, text] of CUT) {
  await t.test(`an answer cut ${title} is not complete`, async (t) => {
    for (const size of [1, text.length]) {
      const parser = new HttpResponseParser()

      const responses = pieces(text, size).flatMap((piece) => parser.push(piece))

      t.strictSame(responses, [])
      t.equal(parser.finish(), undefined)
      t.equal(parser.pendingBytes, text.length)
    }
  })
}

for (const [title, text] of MALFORMED) {
  await t.test(`${title} is an error`, async (t) => {
    for (const size of [1, text.length]) {
      const parser = new HttpResponseParser()

      t.throws(() => pieces(text, size).flatMap((piece) => parser.push(piece)), { name: 'MalformedResponseError' })
    }
  })
}

await t.test('returns all headers, with repeated ones joined', async (t) => {
  const parser = new HttpResponseParser()

  const [response] = parser.push(Buffer.from(lines('HTTP/1.1 200 OK', 'A: 1', 'b:', 'a:  2', 'Content-Length: 0', '', '')))

  t.strictSame([...response?.headers ?? []], [['a', '1, 2'], ['b', ''], ['content-length', '0']])
})

await t.test('a chunked body has a limit', async (t) => {
  const parser = new HttpResponseParser()
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000), Buffer.from('\r\n')])
  parser.push(Buffer.from(lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '')))

  t.throws(() => { for (let count = 0; count < 65; count++) parser.push(chunk) }, { name: 'MalformedResponseError' })
})
