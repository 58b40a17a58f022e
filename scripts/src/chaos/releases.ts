import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

export const GOOD = ['good-1', 'good-2', 'good-3'] as const
/** Deployed once, at the end: whoever serves it then was started by the last reload. */
export const LAST = 'good-last'

export const DIES = 'dies-when-ready'
export const HANGS = 'hangs-when-ready'
/** With which `dies-when-ready` ends, and nothing else does. */
export const DEATH_CODE = 7

/** How each broken release differs: on import, or as a line of the plugin. */
const BROKEN: Readonly<Record<string, { onImport?: string, inPlugin?: string }>> = {
  'throws-on-import': { onImport: "throw new Error('broken on import')" },
  'throws-in-plugin': { inPlugin: "throw new Error('broken in a plugin')" },
  'exits-on-boot': { onImport: 'process.exit(3)' },
  'never-ready': { inPlugin: 'await new Promise(() => { setInterval(() => {}, 1000) })' },
  [DIES]: { inPlugin: `fastify.addHook('onListen', async () => { setTimeout(() => process.exit(${DEATH_CODE}), 300) })` },
  // Once it has said that it is ready.
  [HANGS]: { inPlugin: "fastify.addHook('onListen', async () => { setTimeout(() => { while (true); }, 20) })" }
}

export const BROKEN_NAMES: readonly string[] = Object.keys(BROKEN)

/** Folders with a release each, and the link `current` to one of them, as deploy tools make them. */
export class Releases {
  /** What the service is to serve: through the link. */
  readonly application: string
  readonly #folder: string

  /** @param builtIn URL of the application that the good ones consist of, and the broken ones would */
  constructor (builtIn: string) {
    this.#folder = realpathSync(mkdtempSync(join(tmpdir(), 'baton-chaos-')))
    this.application = join(this.#folder, 'current', 'app.js')
    for (const name of [...GOOD, LAST, ...BROKEN_NAMES]) {
      mkdirSync(join(this.#folder, name))
      writeFileSync(join(this.#folder, name, 'package.json'), '{ "type": "module" }')
      writeFileSync(join(this.#folder, name, 'app.js'), codeOf(name, builtIn))
    }
    this.switchTo(GOOD[0])
  }

  /** In one step, as `ln -sfn` with `mv -T`. */
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
  return !BROKEN_NAMES.includes(release)
}

function codeOf (name: string, builtIn: string): string {
  const { onImport = '', inPlugin = '' } = BROKEN[name] ?? {}
  return `import application from '${builtIn}'
${onImport}
export default async function (fastify) {
  ${inPlugin}
  fastify.get('/release', async () => ({ release: '${name}', ...fastify.worker }))
  fastify.register(application)
}
`
}
