import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { findFreePort } from './free-port.ts'
import { waitUntil } from './wait-until.ts'

/** Debian has it in /usr/sbin, which is not in every PATH. */
const PROGRAM = ['nginx', '/usr/sbin/nginx'].find((program) => spawnSync(program, ['-v']).status === 0)

/** Why tests that need nginx cannot run; false when they can. */
export const WITHOUT_NGINX = PROGRAM === undefined ? 'nginx is not installed' : false

export interface Nginx {
  readonly port: number
  /** Lines of its log, of level error and above. */
  readonly errors: () => string[]
}

/**
 * Starts nginx with a file of `deploy/nginx`, in a folder of its own; it ends with the test.
 *
 * @param replacements what the file has for addresses, and those of the test
 */
export async function startNginx (t: Test, file: string, replacements: Readonly<Record<string, string>>): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'baton-nginx-'))
  const port = await findFreePort()
  const errorLog = join(folder, 'error.log')
  writeFileSync(errorLog, '')
  writeFileSync(join(folder, 'site.conf'), replaceAll(readFileSync(`deploy/nginx/${file}`, 'utf8'), {
    ...replacements, 'listen 80;': `listen 127.0.0.1:${port};`
  }))
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder))

  const nginx = spawn(PROGRAM as string, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', errorLog], { stdio: 'inherit' })
  const exited = once(nginx, 'exit')
  t.teardown(async () => {
    nginx.kill('SIGTERM')
    await exited
    rmSync(folder, { recursive: true })
  })
  const errors = (): string[] => readFileSync(errorLog, 'utf8').split('\n').filter((line) => line !== '')
  await waitUntil(() => nginx.exitCode !== null || isRunning(folder), () => `nginx:\n${errors().join('\n')}`)
  if (nginx.exitCode !== null) throw new Error(`nginx exited with code ${nginx.exitCode}:\n${errors().join('\n')}`)
  return { port, errors }
}

/** It writes its pid once it listens. */
function isRunning (folder: string): boolean {
  try {
    return readFileSync(join(folder, 'nginx.pid'), 'utf8') !== ''
  } catch {
    return false
  }
}

function replaceAll (text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((replaced, [before, after]) => {
    if (!replaced.includes(before)) throw new Error(`there is no ${JSON.stringify(before)} to replace`)
    return replaced.replaceAll(before, after)
  }, text)
}

function configuration (folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`)
  return `
    daemon off;
    ${process.geteuid?.() === 0 ? 'user root;' : ''}
    worker_processes 2;
    pid ${folder}/nginx.pid;
    error_log ${folder}/error.log error;
    events { worker_connections 512; }
    http {
      access_log off;
      ${temporary.join('\n')}
      include ${folder}/site.conf;
    }`
}
