import module from 'node:module'

// The cache is written when a process exits in order; the processes that are timed are killed.
process.on('SIGUSR2', () => {
  module.flushCompileCache?.()
  process.exit(0)
})
