import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { findValidityProblem, readTlsMaterial } from '../../../src/primary/release/tls-material.ts'
import { pair, pem } from '../../helpers/tls.ts'

const FOLDER = dirname(pem('one-cert'))

await t.test('certificate and key are read as they are at that moment, relative to the start directory', async (t) => {
  const folder = t.testdir({ 'cert.pem': readFileSync(pem('one-cert')), 'key.pem': readFileSync(pem('one-key')) })
  const files = { certFile: 'cert.pem', keyFile: join(folder, 'key.pem'), minVersion: 'TLSv1.3' } as const

  const first = readTlsMaterial(files, folder)
  writeFileSync(join(folder, 'cert.pem'), pair('two').cert)
  writeFileSync(join(folder, 'key.pem'), pair('two').key)
  const second = readTlsMaterial(files, folder)

  t.strictSame(first, { ...pair('one'), minVersion: 'TLSv1.3' })
  t.strictSame(second, { ...pair('two'), minVersion: 'TLSv1.3' })
  t.ok(Object.isFrozen(first))
})

await t.test('a chain may follow the certificate', async (t) => {
  const cert = pair('one').cert + pair('two').cert
  const folder = t.testdir({ 'cert.pem': cert })

  t.equal(readTlsMaterial({ certFile: 'cert.pem', keyFile: pem('one-key'), minVersion: 'TLSv1.2' }, folder).cert, cert)
})

const WRONG: ReadonlyArray<readonly [title: string, certFile: string, keyFile: string, expected: { code: string, message: RegExp }]> = [
  ['a missing certificate', 'missing.pem', 'one-key.pem', { code: 'BATON_TLS_FILE', message: /^TLS_CERT_FILE missing\.pem cannot be used: it must be a file with a certificate in PEM.*ENOENT/ }],
  ['a missing key', 'one-cert.pem', 'missing.pem', { code: 'BATON_TLS_FILE', message: /^TLS_KEY_FILE missing\.pem cannot be used: .*ENOENT/ }],
  ['a certificate that is a folder', '.', 'one-key.pem', { code: 'BATON_TLS_FILE', message: /^TLS_CERT_FILE \. .*EISDIR/ }],
  ['a certificate file without a certificate', 'README.md', 'one-key.pem', { code: 'BATON_TLS_FILE', message: /^TLS_CERT_FILE README\.md / }],
  ['a key file without a key', 'one-cert.pem', 'README.md', { code: 'BATON_TLS_FILE', message: /^TLS_KEY_FILE README\.md cannot be used: it must be a file with a private key in PEM, without a passphrase/ }],
  ['a key with a passphrase', 'one-cert.pem', 'locked-key.pem', { code: 'BATON_TLS_FILE', message: /^TLS_KEY_FILE locked-key\.pem .*without a passphrase/ }],
  ['a key of another certificate', 'one-cert.pem', 'two-key.pem', { code: 'BATON_TLS_PAIR', message: /^TLS_KEY_FILE two-key\.pem does not match the certificate in TLS_CERT_FILE one-cert\.pem/ }],
  ['certificate and key swapped', 'one-key.pem', 'one-cert.pem', { code: 'BATON_TLS_FILE', message: /^TLS_CERT_FILE one-key\.pem / }]
]

for (const [title, certFile, keyFile, expected] of WRONG) {
  await t.test(`${title} is an error that names the file`, async (t) => {
    t.throws(() => readTlsMaterial({ certFile, keyFile, minVersion: 'TLSv1.2' }, FOLDER), expected)
  })
}

await t.test('a chain that is broken after the certificate is an error', async (t) => {
  const folder = t.testdir({ 'cert.pem': `${pair('one').cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n` })

  t.throws(() => readTlsMaterial({ certFile: 'cert.pem', keyFile: pem('one-key'), minVersion: 'TLSv1.2' }, folder), {
    code: 'BATON_TLS_FILE', message: /^TLS_CERT_FILE cert\.pem /
  })
})

await t.test('a certificate that is not valid now is detected, with its dates', async (t) => {
  const problem = (name: string): ReturnType<typeof findValidityProblem> =>
    findValidityProblem({ ...pair('one'), cert: readFileSync(pem(`${name}-cert`), 'utf8') }, Date.parse('2030-06-01'))

  t.equal(problem('one'), undefined)
  t.strictSame(problem('expired'), {
    text: 'expired on Jan  1 00:00:00 2021 GMT', dates: { validFrom: 'Jan  1 00:00:00 2020 GMT', validTo: 'Jan  1 00:00:00 2021 GMT' }
  })
  t.match(problem('early'), { text: 'is not valid before Jan  1 00:00:00 2119 GMT' })
})
