import { useCompileCache } from './compile-cache.ts'

// What is loaded statically is compiled before any code of this file runs.
useCompileCache()
await import('./program.ts')
