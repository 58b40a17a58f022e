import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { describeHolder, isInUse, waitForPort } from '../../../src/primary/listen/ports.ts'

await t.test('the holder of a port is named as far as it is known', async (t) => {
  t.equal(describeHolder({ pid: 42, name: 'nginx' }), 'process 42 (nginx)')
  t.equal(describeHolder(undefined), 'another process')
})

await t.test('a port that is released in time can be had', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo

  const waiting = waitForPort('PORT', '127.0.0.1', port)
  // This look comes after the first one of the above.
  t.ok(await isInUse('PORT', '127.0.0.1', port))
  holder.close()

  await t.resolves(waiting)
})
