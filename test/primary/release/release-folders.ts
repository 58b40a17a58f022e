import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'

/** Folders as deploy tools make them: releases, and a link to the current one. */
export interface ReleaseFolders {
  readonly root: string
  /** The link. */
  readonly current: string
  readonly release42: string
  readonly release43: string
  /** Moves the link. */
  readonly switchTo: (release: string) => void
}

/** Makes two releases with the programs of this project and an application in each; 42 is current. */
export function createReleaseFolders (t: Test): ReleaseFolders {
  const root = t.testdir({})
  const [current, release42, release43] = [join(root, 'current'), join(root, 'releases/42'), join(root, 'releases/43')]
  const switchTo = (release: string): void => {
    symlinkSync(release, `${current}.next`)
    renameSync(`${current}.next`, current)
  }
  for (const release of [release42, release43]) {
    mkdirSync(join(release, 'dist/worker'), { recursive: true })
    for (const file of ['dist/main.js', 'dist/worker/index.js', 'app.js']) writeFileSync(join(release, file), '')
  }
  switchTo(release42)
  return { root, current, release42, release43, switchTo }
}
