import { execFile } from 'node:child_process'
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { UnavailableError, type PeerContext } from './peer.ts'

const run = promisify(execFile)
const TIMEOUT = 300_000

/**
 * Installs packages from the registry into a folder of their own, unless an earlier run has.
 *
 * @param name of the folder
 * @param packages each with its version
 * @returns the folder
 * @throws UnavailableError when they cannot be installed
 */
export async function install (name: string, packages: Readonly<Record<string, string>>, { cache, log }: PeerContext): Promise<string> {
  const folder = join(cache, name)
  const done = join(folder, 'installed')
  const wanted = JSON.stringify(packages)
  if (await readText(done) === wanted) return folder

  log(`installing ${Object.keys(packages).join(', ')} into ${folder}`)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies: packages }))
  try {
    await run('npm', ['install', '--no-audit', '--no-fund', '--silent'], { cwd: folder, timeout: TIMEOUT })
  } catch (error) {
    throw new UnavailableError(`npm install failed: ${(error as Error).message.split('\n')[0] ?? ''}`, { cause: error })
  }
  await writeFile(done, wanted)
  return folder
}

export async function versionOf (folder: string, name: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }
  return `${name} ${version}`
}

async function readText (path: string): Promise<string> {
  try {
    await access(path)
    return await readFile(path, 'utf8')
  } catch {
    return ''
  }
}
