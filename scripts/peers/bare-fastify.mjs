import { serve } from './serve.mjs'

await serve()
process.send?.('listening')
