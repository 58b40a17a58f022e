import { inspect } from 'node:util'
import { pino } from 'pino'
import t from 'tap'
import { redact } from '../../src/log/redaction.ts'

/** No part of it may stay; quotes and backslashes might end the value too early. */
const SECRET = 'hunter2; a="hunter2 \\" \\\\hunter2", {[hunter2]}'
const NAMES = ['authorization', 'Authorization', 'proxy-authorization', 'Proxy-Authorization', 'cookie', 'Cookie', 'set-cookie', 'Set-Cookie']

/** Shapes in which applications log headers. */
const SHAPES: Readonly<Record<string, (name: string, value: string) => object>> = {
  'a field': (name, value) => ({ [name]: value }),
  headers: (name, value) => ({ headers: { accept: '*/*', [name]: value, host: 'a' } }),
  'req.headers': (name, value) => ({ req: { headers: { [name]: value } } }),
  'request.headers': (name, value) => ({ request: { headers: { [name]: value } } }),
  'res.headers': (name, value) => ({ res: { headers: { [name]: value } } }),
  'a list of values': (name, value) => ({ res: { headers: { [name]: [value, value] } } }),
  'an object of values': (name, value) => ({ [name]: { session: value } }),
  'pairs in a list': (name, value) => ({ rawHeaders: ['accept', '*/*', name, value] }),
  'an error with its request': (name, value) => ({ err: Object.assign(new Error('no'), { config: { headers: { [name]: value } } }) }),
  'an error with its response': (name, value) => ({ err: Object.assign(new Error('no'), { response: { headers: { [name]: value } } }) }),
  'something deep': (name, value) => ({ a: [{ b: { c: [{ d: { [name]: value } }] } }] }),
  'JSON in a text': (name, value) => ({ text: JSON.stringify({ headers: { accept: '*/*', [name]: value, host: 'a' } }) }),
  'JSON with a list in a text': (name) => ({ text: JSON.stringify({ [name]: ['hunter2', 'hunter2'] }) }),
  'JSON in JSON in a text': (name) => ({ text: JSON.stringify({ text: JSON.stringify({ [name]: 'hunter2' }) }) }),
  'JSON in a text that is cut': (name) => ({ text: `{"${name}":"hunter2 hunter2` }),
  'the head of a message': (name, value) => ({ _header: `GET / HTTP/1.1\r\nhost: a\r\n${name}: ${value}\r\n\r\n` }),
  'the first line of a text': (name, value) => ({ text: `${name}: ${value}` }),
  'an inspected object': (name, value) => ({ text: inspect({ headers: { accept: '*/*', [name]: value } }) }),
  'an inspected object of many lines': (name, value) => ({ text: inspect({ a: 'a'.repeat(80), [name]: value }) })
}

function log (fields: object): string {
  let text = ''
  pino({ base: null, hooks: { streamWrite: redact } }, { write: (line: string) => { text += line } }).info(fields, 'a line')
  return text
}

for (const [shape, fields] of Object.entries(SHAPES)) {
  await t.test(`credentials are not logged: ${shape}`, async (t) => {
    for (const name of NAMES) {
      const line = log(fields(name, SECRET))

      t.notMatch(line, 'hunter2', name)
      t.match(line, '[Redacted]')
      t.equal(JSON.parse(line).msg, 'a line', 'what follows stays')
    }
  })
}

await t.test('bindings of a child are redacted too', async (t) => {
  let text = ''
  pino({ hooks: { streamWrite: redact } }, { write: (line: string) => { text += line } }).child({ headers: { cookie: SECRET } }).child({ a: 1 }).info('a line')

  t.notMatch(text, 'hunter2')
})

await t.test('input that the HTTP parser rejected is not logged', async (t) => {
  const err = Object.assign(new Error('Parse Error'), { code: 'HPE_INVALID_METHOD', rawPacket: Buffer.from('cookie: a=b') })

  t.match(JSON.parse(log({ err })), { err: { code: 'HPE_INVALID_METHOD', rawPacket: '[Redacted]' }, msg: 'a line' })
})

const KEPT: readonly object[] = [
  { headers: { accept: 'cookie', vary: 'cookie, authorization', 'x-cookie': 'yes', cookies: '2', 'www-authenticate': 'Basic' } },
  { cookie: null, authorization: true },
  { text: 'the cookie: it is too old' },
  { text: 'authorization failed: the password is wrong' },
  { list: ['cookie'] },
  { err: new Error('the authorization was refused') }
]

for (const fields of KEPT) {
  await t.test(`text that only mentions such headers stays unchanged: ${JSON.stringify(fields)}`, async (t) => {
    t.notMatch(log(fields), '[Redacted]')
  })
}

const LONG: Readonly<Record<string, string>> = {
  backslashes: '\\'.repeat(1_000_000),
  quotes: '"'.repeat(1_000_000),
  'names in text': '"cookie":{"a"'.repeat(80_000),
  'lists in lists': JSON.stringify({ text: '"cookie":['.repeat(80_000) }),
  'blanks after a brace': `{${' '.repeat(1_000_000)}`
}

for (const [what, line] of Object.entries(LONG)) {
  // A pattern that tries each of them again would take minutes.
  await t.test(`a line is not slow because of many ${what}`, { timeout: 20_000 }, async (t) => {
    t.type(redact(line), 'string')
  })
}

await t.test('text next to a header stays', async (t) => {
  t.match(JSON.parse(log({ headers: { accept: '*/*', cookie: SECRET, host: 'a' } })), { headers: { accept: '*/*', cookie: '[Redacted]', host: 'a' } })
  t.match(JSON.parse(log({ text: 'GET / HTTP/1.1\r\ncookie: hunter2\r\nhost: a' })), { text: 'GET / HTTP/1.1\r\ncookie: [Redacted]\r\nhost: a' })
})
