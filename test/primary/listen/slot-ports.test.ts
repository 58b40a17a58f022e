import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { SlotPorts } from '../../../src/primary/listen/slot-ports.ts'
import { connectRaw } from '../../helpers/raw-client.ts'
import { findFreePorts } from '../../helpers/slot-ports.ts'

await t.test('a port in use is named with its slot, and the others are free afterwards', async (t) => {
  const base = await findFreePorts(2)
  const port = base + 1
  const holder = createServer().listen(port, '127.0.0.1')
  t.teardown(() => { holder.close() })
  await once(holder, 'listening')
  const ports = new SlotPorts('127.0.0.1', base)

  await t.resolves(ports.check(0, 1))
  await t.rejects(ports.check(0, 2), {
    code: 'BATON_PORT_IN_USE', message: new RegExp(`^port ${port} \\(SLOT_PORT_BASE, slot 1\\) is in use by process ${process.pid} `)
  })
  await t.resolves(ports.check(1, 1), 'no slot, no port')

  await t.rejects(connectRaw(t, base), { code: 'ECONNREFUSED' })
})

await t.test('there is no port above 65535', async (t) => {
  const ports = new SlotPorts('127.0.0.1', 65535)

  await t.rejects(ports.check(1, 2), {
    code: 'BATON_SLOT_PORT_TOO_HIGH', message: 'slot 1 cannot have its port: SLOT_PORT_BASE is 65535, which makes it 65536, and the highest port is 65535'
  })
})
