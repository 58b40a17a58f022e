// Bundles the program of the workers into one file, and that of `baton check`, which must run the same code: a start
// spends more time on finding and reading some hundred files of packages than on anything else
// (`npm run bench -- --only start`). It is not minified: names and files are readable, so it has no source map.
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'

/** CommonJS packages use these; modules do not have them. */
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
  // A worker loads these two only when it needs them.
  external: ['pino-pretty', 'prom-client'],
  banner: { js: COMMONJS.trim() },
  legalComments: 'linked',
  // For the stacks in the log; see src/log/stack.ts.
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning'
})
