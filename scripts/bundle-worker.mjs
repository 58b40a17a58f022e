// Puts the program of the workers into one file: a start spends more time on finding and reading some
// hundred files of packages than on anything else (`npm run bench -- --only start`).
import { build } from 'esbuild'

/** CommonJS packages have these; modules do not. */
const COMMONJS = `
import { createRequire as createBundleRequire } from 'node:module'
const require = createBundleRequire(import.meta.url)
const { filename: __filename, dirname: __dirname } = import.meta
`

await build({
  entryPoints: ['src/worker/index.ts'],
  outfile: 'dist/worker/index.js',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // A worker loads these two only when it is asked for what they do.
  external: ['pino-pretty', 'prom-client'],
  banner: { js: COMMONJS.trim() },
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'linked',
  logLevel: 'warning'
})
