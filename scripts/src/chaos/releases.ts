import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

export const GOOD_RELEASES = ['good-1', 'good-2', 'good-3'] as const
/** Deployed once, at the end, so that every worker of it was started by the last reload. */
export const LAST_RELEASE = 'good-last'

export const DIES_WHEN_READY = 'dies-when-ready'
export const HANGS_WHEN_READY = 'hangs-when-ready'
/** Exit code of `dies-when-ready`, and of nothing else. */
export const DEATH_CODE = 7

/** How each broken release differs: code that runs on import, or a line of the plugin. */
const BROKEN_CODE: Readonly<Record<string, { onImport?: string, inPlugin?: string }>> = {
  'throws-on-import': { onImport: "throw new Error('broken on import')" },
  'throws-in-plugin': { inPlugin: "throw new Error('broken in a plugin')" },
  'exits-on-boot': { onImport: 'process.exit(3)' },
  'never-ready': { inPlugin: 'await new Promise(() => { setInterval(() => {}, 1000) })' },
  [DIES_WHEN_READY]: { inPlugin: `fastify.addHook('onListen', async () => { setTimeout(() => process.exit(${DEATH_CODE}), 300) })` },
  // After it has reported that it is ready.
  [HANGS_WHEN_READY]: { inPlugin: "fastify.addHook('onListen', async () => { setTimeout(() => { while (true); }, 20) })" }
}

export const BROKEN_RELEASES: readonly string[] = Object.keys(BROKEN_CODE)

/** A folder for each release, and a link `current` to one of them, as deploy tools make them. */
export class Releases {
  /** The application file that the service loads, through the link. */
  readonly application: string
  readonly #folder: string

  /** @param builtIn URL of the built-in application, which every release registers */
  constructor (builtIn: string) {
    this.#folder = realpathSync(mkdtempSync(join(tmpdir(), 'baton-chaos-')))
    this.application = join(this.#folder, 'current', 'app.js')
    for (const name of [...GOOD_RELEASES, LAST_RELEASE, ...BROKEN_RELEASES]) {
      mkdirSync(join(this.#folder, name))
      writeFileSync(join(this.#folder, name, 'package.json'), '{ "type": "module" }')
      writeFileSync(join(this.#folder, name, 'app.js'), codeOf(name, builtIn))
    }
    this.switchTo(GOOD_RELEASES[0])
  }

  /** Atomic, as `ln -sfn` with `mv -T`. */
  switchTo (name: string): void {
    const next = join(this.#folder, 'next')
    symlinkSync(join(this.#folder, name), next)
    renameSync(next, join(this.#folder, 'current'))
  }

  remove (): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** @param application resolved path, as the service logs it */
export function releaseOf (application: string): string {
  return basename(dirname(application))
}

export function isGood (release: string): boolean {
  return !BROKEN_RELEASES.includes(release)
}

function codeOf (name: string, builtIn: string): string {
  const { onImport = '', inPlugin = '' } = BROKEN_CODE[name] ?? {}
  return `import application from '${builtIn}'
${onImport}
export default async function (fastify) {
  ${inPlugin}
  fastify.get('/release', async () => ({ release: '${name}', ...fastify.worker }))
  fastify.register(application)
}
`
}
