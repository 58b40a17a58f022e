import { Agent, get } from 'node:http'
import { Agent as SecureAgent } from 'node:https'

import t from 'tap'
import { Pool } from 'undici'

import { type ConnectionChange, watchConnections } from '../../src/clients/connection-watch.ts'
import { Http2Client } from '../../src/clients/http2/http2-client.ts'
import { getByAgent } from '../../src/clients/library/node-get.ts'
import { createPool, get as getByUndici } from '../../src/clients/library/undici-get.ts'
import { Connection } from '../../src/clients/raw/connection.ts'
import { createTarget, type Target } from '../../src/clients/target.ts'
import { findFreePort } from '../../src/service/free-port.ts'
import { startSecureStandIn } from '../helpers/http2-server.ts'
import { startStandIn } from '../helpers/stand-in-server.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const TIMEOUT = 10_000

/** Each opens one connection, and returns a function that closes it. */
const CLIENTS: Readonly<Record<string, (target: Target) => Promise<() => unknown>>> = {
  'a raw client': async (target) => {
    const connection = await Connection.open(target, TIMEOUT)
    return () => { connection.close() }
  },
  'a pool of undici': async ({ origin }) => {
    const pool = new Pool(origin)
    await (await pool.request({ method: 'GET', path: '/' })).body.text()
    return async () => { await pool.close() }
  },
  'an http.Agent': async ({ host, port }) => {
    const agent = new Agent({ keepAlive: true })
    await new Promise((resolve, reject) => {
      get({ host, port, agent }, (response) => response.resume().on('end', resolve)).on('error', reject)
    })
    return () => { agent.destroy() }
  }
}

for (const [client, open] of Object.entries(CLIENTS)) {
  await t.test(`${client} is noticed to open and close a connection`, async (t) => {
    const { target } = await startStandIn(t)
    const seen: ConnectionChange[] = []
    t.teardown(watchConnections(target.port, (change) => { seen.push(change) }))

    const close = await open(target)
    t.strictSame(seen, [1])
    await close()

    await waitUntil(() => seen.length === 2)
    t.strictSame(seen, [1, -1])
  })
}

const SECURE_CLIENTS: typeof CLIENTS = {
  'a raw client': CLIENTS['a raw client'] as (typeof CLIENTS)[string],
  'a pool of undici': async (target) => {
    const pool = createPool(target, 1)
    for (let request = 0; request < 2; request++) await getByUndici(pool, '/', TIMEOUT, () => {})
    return async () => { await pool.close() }
  },
  'an https.Agent': async (target) => {
    const agent = new SecureAgent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })
    for (let request = 0; request < 2; request++) await getByAgent(agent, target, '/', TIMEOUT, () => {})
    return () => { agent.destroy() }
  },
  'a client of HTTP/2': async (target) => {
    const client = new Http2Client(target, TIMEOUT)
    await client.session()
    return async () => { await client.close() }
  }
}

for (const [client, open] of Object.entries(SECURE_CLIENTS)) {
  await t.test(`${client} over TLS is noticed to open and close a connection`, async (t) => {
    const { target } = await startSecureStandIn(t)
    const seen: ConnectionChange[] = []
    t.teardown(watchConnections(target.port, (change) => { seen.push(change) }))

    const close = await open(target)
    t.strictSame(seen, [1])
    await close()

    await waitUntil(() => seen.length === 2)
    t.strictSame(seen, [1, -1])
  })
}

await t.test('connections to other ports and refused connections are ignored', async (t) => {
  const { target } = await startStandIn(t)
  const unused = createTarget('127.0.0.1', await findFreePort())
  const seen: ConnectionChange[] = []
  t.teardown(watchConnections(unused.port, (change) => { seen.push(change) }))

  const connection = await Connection.open(target, TIMEOUT)
  connection.close()
  await t.rejects(Connection.open(unused, TIMEOUT), { message: /^ECONNREFUSED/ })

  t.strictSame(seen, [])
})

await t.test('nothing is reported after it has been stopped', async (t) => {
  const { target } = await startStandIn(t)
  const seen: ConnectionChange[] = []
  const unwatch = watchConnections(target.port, (change) => { seen.push(change) })
  const connection = await Connection.open(target, TIMEOUT)

  unwatch()
  connection.close()
  const another = await Connection.open(target, TIMEOUT)
  another.close()

  t.strictSame(seen, [1])
})
