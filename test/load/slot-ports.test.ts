import t from 'tap'
import { hello } from '../helpers/http.ts'
import { serve } from '../helpers/program.ts'
import { findFreePorts } from '../helpers/slot-ports.ts'
import { startTraffic } from '../helpers/traffic.ts'

for (const env of [{ WORKERS: '2' }, { WORKERS: '1' }, { WORKERS: '2', SCHEDULING: 'shared' }, { WORKERS: '3', MAX_SURGE: '3' }]) {
  await t.test(`a reload fails no request on the port of a slot, which stays with it: ${JSON.stringify(env)}`, async (t) => {
    const slots = Array.from({ length: Number(env.WORKERS) }, (_, slot) => slot)
    const base = await findFreePorts(slots.length)
    const program = await serve(t, { env: { SLOT_PORT_BASE: String(base), CANARY_MS: '100', ...env } })
    const traffics = slots.map((slot) => startTraffic(t, {
      port: base + slot,
      count: 1,
      check: (body) => { if (JSON.parse(body).slot !== slot) throw new Error(`slot ${slot} is answered by ${body}`) }
    }))
    for (const traffic of traffics) await traffic.goesOn(30)

    for (let count = 0; count < 2; count++) {
      t.equal((await program.reload()).event, 'reload:completed')
      for (const traffic of traffics) await traffic.goesOn(30)
    }

    for (const traffic of traffics) t.same(await traffic.end(), [])
    for (const slot of slots) t.match(await hello(`http://127.0.0.1:${base + slot}`), { slot, generation: 3 })
  })
}
