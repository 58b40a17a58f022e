import { formatFigure, formatMegabytes } from '../display/number-format.ts'
import { childrenOf, residentMemory } from '../measure/process-tree.ts'
import { formatSpread, median, ratio, spreadOf } from '../measure/statistics.ts'
import type { StartedService } from '../service/started-service.ts'
import { LeanLoad } from './lean-load.ts'
import { KEEP_ALIVE } from './overhead.ts'
import type { Part } from './section.ts'
import { pidOf, startBare, startBaton, withServices } from './services.ts'

interface Memory {
  readonly primary: number
  readonly worker: number
  readonly bare: number
}

const MOMENTS = ['after the start', 'after the load'] as const

export const memory: Part = {
  name: 'memory',
  async run (settings) {
    const { rounds, duration, log } = settings
    const samples: Record<typeof MOMENTS[number], Memory[]> = { 'after the start': [], 'after the load': [] }
    for (let round = 0; round < rounds; round++) {
      log(`memory, round ${round + 1} of ${rounds}`)
      await withServices([async () => await startBaton(settings, 1), async () => await startBare(settings)], async ([baton, bare]) => {
        const services = [baton as StartedService, bare as StartedService] as const
        samples['after the start'].push(look(...services))
        for (const { target } of services) {
          const load = new LeanLoad({ target, connections: KEEP_ALIVE.connections })
          await load.measure(duration)
          load.stop()
        }
        samples['after the load'].push(look(...services))
      })
    }

    const show = (values: number[]): string => formatSpread(spreadOf(values), formatMegabytes)
    const rows = MOMENTS.map((moment) => {
      const [primary, worker, bare] = (['primary', 'worker', 'bare'] as const).map((which) => samples[moment].map((sample) => sample[which]))
      return [moment, show(primary ?? []), show(worker ?? []), show(bare ?? []), formatSpread(ratio(worker ?? [], bare ?? []), formatFigure)]
    })
    const loaded = samples['after the load']
    return {
      title: 'Resident memory, MB',
      header: ['', 'primary', 'worker', 'bare Fastify', 'worker to bare'],
      rows,
      sentences: [
        `The primary costs ${formatMegabytes(median(loaded.map(({ primary }) => primary)))} MB, and a worker ` +
        `${formatFigure(ratio(loaded.map(({ worker }) => worker), loaded.map(({ bare }) => bare)).median)} times as much as bare Fastify; pages that processes share are counted in each of them.`
      ]
    }
  }
}

function look (baton: StartedService, bare: StartedService): Memory {
  const primary = pidOf(baton)
  return {
    primary: residentMemory(primary),
    worker: residentMemory(childrenOf(primary)[0] ?? 0),
    bare: residentMemory(pidOf(bare))
  }
}
