import { chmodSync } from 'node:fs'
import t from 'tap'
import { readEnvFile } from '../../src/config/env-file.ts'

const TEXTS: Readonly<Record<string, readonly [text: string, variables: Readonly<Record<string, string>>]>> = {
  'a name and a value': ['PORT=4000', { PORT: '4000' }],
  'lines that end as on Windows': ['PORT=4000\r\nHOST=::\r\n', { PORT: '4000', HOST: '::' }],
  'space around name and value': ['  PORT = 4000  \n', { PORT: '4000' }],
  'comments and empty lines': ['# the port\n\nPORT=4000 # as before\n', { PORT: '4000' }],
  'double quotes, in which \\n is the end of a line': ['MOTTO="one # two\\nthree" # four', { MOTTO: 'one # two\nthree' }],
  'single quotes, in which it is not': ["MOTTO='one # two\\nthree'", { MOTTO: 'one # two\\nthree' }],
  'backquotes, with other quotes in them': ['MOTTO=`"one" and \'two\'`', { MOTTO: '"one" and \'two\'' }],
  'a value of several lines': ['KEY="first\nsecond\n"\nPORT=4000', { KEY: 'first\nsecond\n', PORT: '4000' }],
  'an export of a shell': ['export PORT=4000', { PORT: '4000' }],
  'an equals sign in a value': ['QUERY=a=b&c=d', { QUERY: 'a=b&c=d' }],
  'a reference, which is not followed': ['URL=http://${HOST}/', { URL: 'http://${HOST}/' }], // eslint-disable-line no-template-curly-in-string
  'a value that is nothing': ['PORT=\nHOST=::', { PORT: '', HOST: '::' }],
  'a name twice, of which the last counts': ['PORT=1\nPORT=2', { PORT: '2' }],
  'a byte order mark before the first name': ['\uFEFFPORT=4000\n', { PORT: '4000' }],
  nothing: ['', {}]
}

for (const [title, [text, variables]] of Object.entries(TEXTS)) {
  await t.test(`an environment file may have ${title}`, async (t) => {
    const root = t.testdir({ '.env': text })

    t.same(readEnvFile(`${root}/.env`, true), variables)
  })
}

await t.test('a missing file is an error when it is required, and empty otherwise', async (t) => {
  const path = `${t.testdir({})}/.env`

  t.same(readEnvFile(path, false), {})
  t.throws(() => readEnvFile(path, true), { code: 'BATON_ENV_FILE', message: `ENV_FILE ${path} cannot be read (ENOENT: no such file or directory` })
})

for (const isRequired of [true, false]) {
  await t.test(`an unreadable file is an error ${isRequired ? 'when' : 'also when not'} required`, async (t) => {
    const path = t.testdir({})

    t.throws(() => readEnvFile(path, isRequired), { code: 'BATON_ENV_FILE', message: `ENV_FILE ${path} cannot be read (EISDIR` })
  })
}

await t.test('a file that this user may not read is an error', {
  skip: process.geteuid?.() === 0 ? 'root may read every file' : false
}, async (t) => {
  const path = `${t.testdir({ '.env': 'PORT=4000' })}/.env`
  chmodSync(path, 0)

  t.throws(() => readEnvFile(path, false), { code: 'BATON_ENV_FILE', message: /EACCES/ })
})
