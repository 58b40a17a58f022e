import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { ROOT } from './files.mjs'

/** The lowest is 19: what runs beside the tests leaves the processors to them. */
const LOW_PRIORITY = 10

const running = new Set()

/**
 * Runs a command in a process group of its own.
 *
 * @param deadline milliseconds after which the whole group is killed
 * @param onOutput is given what it prints on its standard output
 * @returns how it ended, with all that it printed on standard error, and on standard output if nothing else read it
 */
export async function run (command, args, { env = {}, isInBackground = false, deadline, onOutput } = {}) {
  const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  running.add(child)
  if (isInBackground && child.pid !== undefined) setPriority(child.pid, LOW_PRIORITY)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', onOutput ?? ((text) => { output += text }))
  child.stderr.setEncoding('utf8').on('data', (text) => { output += text })
  let isLate = false
  const timer = deadline && setTimeout(() => {
    isLate = true
    kill(child)
  }, deadline)
  return await new Promise((resolve) => {
    child.once('error', (error) => { output += error.message })
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      running.delete(child)
      const reason = isLate ? `was killed: it took longer than ${deadline / 1000} s` : signal ? `was killed by ${signal}` : `exited with code ${code}`
      resolve({ isOk: code === 0, reason, output })
    })
  })
}

/** Ends all that still runs. */
export function killAll () {
  for (const child of running) kill(child)
}

function kill (child) {
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
