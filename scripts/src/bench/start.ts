import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { formatFigure } from '../display/number-format.ts'
import { formatSpread, ratio, spreadOf } from '../measure/statistics.ts'
import { timeProgram, timeWorker, type EndSignal, type StartTime } from './process-start.ts'
import type { BenchSettings, Part, Section } from './section.ts'
import { compileUnbundled } from './unbundled.ts'

/** A start is short, so there is time for more rounds. */
const ROUNDS_FACTOR = 4

interface Variant {
  readonly name: string
  readonly start: (env: NodeJS.ProcessEnv, end?: EndSignal) => Promise<StartTime>
  readonly env: NodeJS.ProcessEnv
  readonly times: StartTime[]
}

export const start: Part = {
  name: 'start',
  async run (settings) {
    const folder = await mkdtemp(join(tmpdir(), 'baton-bench-'))
    try {
      return await compareStarts(settings, folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

async function compareStarts (settings: BenchSettings, folder: string): Promise<Section> {
  const { rounds, log } = settings
  const { variants, notes } = await findVariants(settings, folder)
  // Once each beforehand, to fill the page cache and the compile cache.
  for (const { start, env } of variants) await start({ ...env, NODE_OPTIONS: `--import=${pathToFileURL(settings.paths.fillsCache).href}` }, 'SIGUSR2')
  for (let round = 0; round < rounds * ROUNDS_FACTOR; round++) {
    log(`starts, round ${round + 1} of ${rounds * ROUNDS_FACTOR}`)
    for (const { start, env, times } of round % 2 === 0 ? variants : variants.toReversed()) times.push(await start(env))
  }

  const bare = variants[0]?.times ?? []
  const rows = variants.map(({ name, times }) => [
    name,
    ...(['wall', 'cpu'] as const).flatMap((kind) => {
      const values = times.map((time) => time[kind])
      return [formatSpread(spreadOf(values), formatFigure), formatFigure(ratio(values, bare.map((time) => time[kind])).median)]
    })
  ])
  const ours = variants[1]?.times ?? []
  return {
    title: 'Fork to ready of a worker against the start of bare Fastify',
    header: ['', 'ms', 'ratio', 'CPU ms', 'ratio'],
    rows,
    sentences: [
      `A worker takes ${formatFigure(ratio(ours.map(({ wall }) => wall), bare.map(({ wall }) => wall)).median)} times as long as bare Fastify (goal: at most 1.1), ` +
      `and ${formatFigure(ratio(ours.map(({ cpu }) => cpu), bare.map(({ cpu }) => cpu)).median)} times its CPU time.`,
      ...notes
    ]
  }
}

async function findVariants ({ paths, env, log }: BenchSettings, folder: string): Promise<{ variants: Variant[], notes: string[] }> {
  log('compiling a worker that is not bundled')
  const unbundled = await compileUnbundled(dirname(paths.program))
  const timeBare: Variant['start'] = async (env, end) => await timeProgram(paths.bare, env, end)
  const timeOurs: Variant['start'] = async (env, end) => await timeWorker(paths.worker, env, end)
  const timeUnbundled: Variant['start'] = async (env, end) => await timeWorker(unbundled, env, end)
  const programs = [
    { name: 'bare Fastify', start: timeBare, times: [] },
    { name: 'worker of Baton', start: timeOurs, times: [] },
    { name: 'the same, not bundled', start: timeUnbundled, times: [] }
  ]
  const plain = programs.map((program) => ({ ...program, env: { ...env, NODE_DISABLE_COMPILE_CACHE: '1' } }))
  if (!hasCompileCache(process.versions.node)) {
    return { variants: plain, notes: [`Node ${process.version} has no compile cache: it came with 22.10.`] }
  }
  const withCache = programs.map(({ name, start }) => ({
    name: `${name}, with a compile cache`,
    start,
    times: [],
    env: { ...env, NODE_DISABLE_COMPILE_CACHE: undefined, NODE_COMPILE_CACHE: join(folder, 'compile-cache') }
  }))
  return { variants: [...plain, ...withCache], notes: [] }
}

/** `NODE_COMPILE_CACHE` came with Node 22.1, and `flushCompileCache()`, which fills it here, with 22.10. */
export function hasCompileCache (version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 10)
}
