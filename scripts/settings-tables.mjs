// Writes the tables of settings: pure functions of the table in src/config/settings.ts.
import { posix } from 'node:path'

/** The settings that the README has. */
export const MOST_USED = [
  'HOST', 'PORT', 'WORKERS', 'APP', 'LOG_LEVEL', 'LOG_FILE', 'DRAIN_TIMEOUT_MS', 'TLS_CERT_FILE', 'TLS_KEY_FILE', 'METRICS_PORT'
]

const BEGIN = '<!-- settings: written by `npm run docs` -->'
const END = '<!-- end of settings -->'

const RELOAD = { applied: 'yes', fixed: 'no', refused: 'refused' }

const INTRODUCTION = `# Settings

<!-- Written by \`npm run docs\` from src/config/settings.ts: change it there. -->

Settings are environment variables. Those that the environment does not have are taken from the file \`ENV_FILE\`. An
empty variable counts as not set. All settings are checked at the start; if any are wrong, Baton names every one of
them and exits with code 78.

The column "reload" says what a reload (\`SIGHUP\`) does with a new value:

- **yes**: it applies from that reload on.
- **no**: the reload logs a warning and keeps the old value, which only a restart changes.
- **refused**: the reload is refused.

A reload that finds a wrong setting is refused too, and so is one that would turn TLS on or off. \`reload:started\` in
the log names the settings that changed, but never their values.
`

/**
 * @param groups objects of rows by name, by title
 * @returns the text of docs/settings.md
 */
export function settingsPage (groups) {
  const sections = Object.entries(groups).map(([title, rows]) => `## ${title}\n\n${table(
    ['variable', 'default', 'allowed', 'reload', 'meaning'],
    Object.entries(rows).map(([name, row]) => [`\`${name}\``, standard(row), row.allowed, RELOAD[row.onReload], row.meaning])
  )}`)
  return [INTRODUCTION, ...sections].join('\n')
}

/**
 * @param rows by name
 * @returns the README with the table of the most used settings as it should be
 * @throws Error when the README has no place for it
 */
export function withSettings (readme, rows) {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)]
  if (begin === -1 || end < begin) throw new Error(`README.md has no lines "${BEGIN}" and "${END}"`)
  const short = table(
    ['variable', 'default', 'meaning'],
    MOST_USED.map((name) => [`\`${name}\``, standard(rows[name]), fromRoot(rows[name].meaning)])
  )
  return `${readme.slice(0, begin)}${BEGIN}\n\n${short}\n${readme.slice(end)}`
}

function standard ({ fallback, unset }) {
  return unset ?? `\`${fallback}\``
}

/** Links of the rows are relative to docs/. */
function fromRoot (markdown) {
  return markdown.replace(/\]\((?!https?:)([^)]+)\)/g, (_, link) => `](${posix.join('docs', link)})`)
}

function table (head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}
