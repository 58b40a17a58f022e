import t from 'tap'

import { commandText } from '../../src/command/command-text.ts'
import { readMachine } from '../../src/measure/machine.ts'
import { formatRunRecord, parseRunRecord } from '../../src/report/run-record.ts'
import { listSettings } from '../../src/service/service-settings.ts'
import { sampleRecord } from '../helpers/sample-record.ts'

await t.test('a record is read as it was written, without meaningless digits', async (t) => {
  const record = sampleRecord({ duration: 1 / 3 })

  t.strictSame(parseRunRecord(formatRunRecord(record), 'run.json'), { ...record, duration: 0.3333333 })
})

await t.test('a record names its format, its version and its start; reloads are relative to it', async (t) => {
  const record = JSON.parse(formatRunRecord(sampleRecord()))

  t.match(record, { format: 'baton-load-test', version: 1, date: '2026-01-02T03:04:05.000Z' })
  t.strictSame(record.reloads, [{
    outcome: 'completed', duration: 249, at: 300, generation: 2, latencies: { answered: 10, p50: 1, p99: 2, max: 3 }, end: 550
  }])
})

await t.test('only settings that matter under load are listed, and no other variables', async (t) => {
  const listed = listSettings({ WORKERS: '4', MAX_SURGE: '', DRAIN_TIMEOUT_MS: '5', TLS_KEY_FILE: '/key', TOKEN: 'secret', ENV_FILE: '/env' })

  t.strictSame(listed, { WORKERS: '4', SCHEDULING: null, MAX_SURGE: null, DRAIN_TIMEOUT_MS: '5' })
})

await t.test('the command can be typed again', async (t) => {
  t.equal(commandText('load-test', []), 'npm run load-test')
  t.equal(commandText('load-test', ['--duration', '5', '--url=http://[::1]:80', '--report', "it's $HOME"]), "npm run load-test -- --duration 5 '--url=http://[::1]:80' --report 'it'\\''s $HOME'")
})

await t.test('the machine has versions, CPUs and memory', async (t) => {
  const machine = readMachine()

  for (const version of [machine.baton, machine.undici, machine.node]) t.match(version, /^v?\d+\.\d+\.\d+/)
  t.ok(machine.cpus >= 1 && machine.memoryBytes > 0 && machine.kernel !== '' && machine.cpu !== '')
})
