// Builds dist/ unless it is newer than all that it is made of, so that `npm start` serves at once.
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const sources = ['src', ...readdirSync(join(root, 'src'), { recursive: true }).map((name) => join('src', name)),
  'scripts/bundle-worker.mjs', 'tsconfig.json', 'tsconfig.build.json', 'package.json']
/** What the build writes last. */
const built = changedAt('dist/worker/check.js')

if (sources.some((source) => changedAt(source) > built)) {
  console.log('compiling src/ to dist/ (npm run build)')
  process.exitCode = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' }).status ?? 1
}

/** @returns milliseconds; 0 for a file that is missing */
function changedAt (name) {
  return statSync(join(root, name), { throwIfNoEntry: false })?.mtimeMs ?? 0
}
