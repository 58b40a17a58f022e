import module from 'node:module'

// Node writes the cache at a regular exit, but processes that are timed are killed.
process.on('SIGUSR2', () => {
  module.flushCompileCache?.()
  process.exit(0)
})
