import t from 'tap'
import { supervise, superviseRunning } from './supervise.ts'

const PAIR = { TLS_CERT_FILE: 'cert.pem', TLS_KEY_FILE: 'key.pem' }

await t.test('a worker whose channel is open receives the certificate and key of its own generation, also after a crash', async (t) => {
  const scene = superviseRunning(PAIR)
  scene.supervisor.reload()

  scene.worker('0/2').says({ type: 'channel-open' })
  scene.worker('1/1').exits(null, 'SIGKILL')
  scene.worker('1/1').says({ type: 'channel-open' })

  t.match(scene.worker('0/2').sent, [{ type: 'tls', tls: { cert: 'certificate 2', key: 'key 2', minVersion: 'TLSv1.2' } }])
  t.match(scene.worker('1/1').sent, [{ type: 'tls', tls: { cert: 'certificate 1', key: 'key 1' } }])
})

await t.test('without TLS no certificate is sent', async (t) => {
  const scene = supervise()
  scene.supervisor.start()

  scene.worker('0/1').says({ type: 'channel-open' })

  t.same(scene.worker('0/1').sent, [])
})
