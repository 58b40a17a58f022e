import closeWithGrace from 'close-with-grace'

import { serve } from './serve.mjs'

const fastify = await serve()
closeWithGrace({ delay: 10_000 }, async () => { await fastify.close() })
process.send('ready')
