import { formatFigure, formatPercent } from '../display/number-format.ts'
import { cpuTime } from '../measure/process-tree.ts'
import { formatSpread, median, ratio, spreadOf } from '../measure/statistics.ts'
import type { StartedService } from '../service/started-service.ts'
import { LeanLoad, type LeanCount } from './lean-load.ts'
import type { BenchSettings, Part, Section } from './section.ts'
import { processesOf, startBare, startBaton, withServices } from './services.ts'

export interface Measurement extends LeanCount {
  /** Microseconds of CPU time that all processes of the server needed for one request. */
  readonly cpuPerRequest: number
}

export interface Load {
  readonly name: string
  readonly connections: number
  readonly isFresh: boolean
}

export const KEEP_ALIVE: Load = { name: 'keep-alive', connections: 32, isFresh: false }
export const NEW_CONNECTIONS: Load = { name: 'new connections', connections: 32, isFresh: true }

/** Starts one side of a comparison. */
type Start = () => Promise<StartedService>

export const overhead: Part = {
  name: 'overhead',
  async run (settings) {
    const baton: Start = async () => await startBaton(settings, 1)
    const shared: Start = async () => await startBaton(settings, 1, { SCHEDULING: 'shared' })
    return await compareSides(settings, [
      [KEEP_ALIVE, baton],
      [NEW_CONNECTIONS, baton],
      [{ ...NEW_CONNECTIONS, name: 'new connections, SCHEDULING=shared' }, shared]
    ], async () => await startBare(settings))
  }
}

async function compareSides (
  settings: BenchSettings, comparisons: ReadonlyArray<readonly [load: Load, baton: Start]>, bare: Start
): Promise<Section> {
  const rows: string[][] = []
  const goals: string[] = []
  let generatorShare = 0
  for (const [load, baton] of comparisons) {
    const [ours, theirs] = await measureInTurns(settings, load, baton, bare)
    const throughput = ratio(ours.map(({ rate }) => rate), theirs.map(({ rate }) => rate))
    goals.push(`${load.name} ${formatFigure(throughput.median)}`)
    generatorShare = Math.max(generatorShare, median([...ours, ...theirs].map((each) => each.generatorShare)))
    for (const [title, pick] of FIGURES) {
      const [a, b] = [ours.map(pick), theirs.map(pick)]
      rows.push([
        `${load.name}: ${title}`, formatSpread(spreadOf(a), formatFigure), formatSpread(spreadOf(b), formatFigure),
        formatSpread(ratio(a, b), formatFigure)
      ])
    }
  }
  return {
    title: 'One worker of Baton against the same application on bare Fastify',
    header: ['', 'Baton', 'bare Fastify', 'ratio'],
    rows,
    sentences: [
      `Baton's throughput is this share of bare Fastify's: ${goals.join(', ')} (goal: at least 0.97).`,
      'CPU time is that of all processes: with round-robin the primary accepts each new connection and hands it over.',
      generatorNote(generatorShare)
    ]
  }
}

const FIGURES: ReadonlyArray<readonly [title: string, pick: (measurement: Measurement) => number]> = [
  ['requests a second', ({ rate }) => rate],
  ['p99 ms', ({ p99 }) => p99],
  ['CPU µs a request', ({ cpuPerRequest }) => cpuPerRequest]
]

/**
 * A B, B A, A B: the side that comes second has the warmer machine. Each round starts new processes, because two
 * processes of the same program can differ by 10 % for as long as they live.
 */
export async function measureInTurns (settings: BenchSettings, load: Load, first: Start, second: Start): Promise<[Measurement[], Measurement[]]> {
  const { rounds, duration, log } = settings
  const results: [Measurement[], Measurement[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    log(`${load.name}, round ${round + 1} of ${rounds}`)
    await withServices([first, second], async (services) => {
      const sides = services.map((service, side) => [service, results[side] as Measurement[]] as const)
      // Once beforehand, so that the hot functions are compiled.
      for (const service of services) await measure(service, load, duration / 2)
      for (const [service, into] of round % 2 === 0 ? sides : sides.toReversed()) into.push(await measure(service, load, duration))
    })
  }
  return results
}

async function measure (service: StartedService, { connections, isFresh }: Load, duration: number): Promise<Measurement> {
  const load = new LeanLoad({ target: service.target, connections, isFresh })
  try {
    const processes = processesOf(service)
    const before = cpuTime(processes)
    const count = await load.measure(duration)
    const used = cpuTime(processes) - before
    if (count.failures > 0) throw new Error(`${count.failures} requests failed although nothing disturbed them, so the figures would be worthless`)
    return { ...count, cpuPerRequest: used * 1000 / count.answered }
  } finally {
    load.stop()
  }
}

/** The load generator competes with the service for the CPUs. */
export function generatorNote (share: number): string {
  const busy = share > 0.9 ? ': it is the bottleneck, so trust the CPU time per request and not the rates' : ''
  return `The load generator used ${formatPercent(share)} of one CPU${busy}.`
}
