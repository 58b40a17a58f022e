import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'

/** An application in a folder of its own, whose file the test replaces as a deploy would. */
export interface Release {
  readonly path: string
  /** Puts other code there in one step, as a worker may be reading it. */
  readonly deploy: (code: string) => void
}

export function createRelease (t: Test, code: string): Release {
  const folder = t.testdir({})
  const path = join(folder, 'app.js')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const deploy = (next: string): void => {
    writeFileSync(`${path}.next`, next)
    renameSync(`${path}.next`, path)
  }
  deploy(code)
  return { path, deploy }
}

/** @returns the code of an application that says which release it is */
export function saying (release: string): string {
  return `export default async function (fastify) {
    fastify.get('/', async () => ({ release: '${release}', ...fastify.worker }))
  }`
}

/** Release folders with a link to the one that is live, as deploy tools make them. */
export function createReleases (t: Test, codes: Readonly<Record<string, string>>): { link: string, switchTo: (name: string) => void } {
  const folder = t.testdir({})
  for (const [name, code] of Object.entries(codes)) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, name, 'app.js'), code)
  }
  const link = join(folder, 'current')
  const switchTo = (name: string): void => {
    symlinkSync(join(folder, name), `${link}.next`)
    renameSync(`${link}.next`, link)
  }
  return { link, switchTo }
}
