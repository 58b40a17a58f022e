// Puts the program of the workers into one file, and that of `baton check`, which is to run what they run: a start
// spends more time on finding and reading some hundred files of packages than on anything else
// (`npm run bench -- --only start`). It is not made small: names and files can be read in it, so it has no source map.
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'

/** CommonJS packages have these; modules do not. */
const COMMONJS = `
import { createRequire as createBundleRequire } from 'node:module'
const require = createBundleRequire(import.meta.url)
const { filename: __filename, dirname: __dirname } = import.meta
`

await build({
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  entryPoints: ['src/worker/index.ts', 'src/worker/check.ts'],
  outdir: 'dist/worker',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // A worker loads these two only when it is asked for what they do.
  external: ['pino-pretty', 'prom-client'],
  banner: { js: COMMONJS.trim() },
  legalComments: 'linked',
  // For the stacks in the log; see src/log/stack.ts.
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning'
})
