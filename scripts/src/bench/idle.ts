import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

import { requestHead } from '../clients/raw/raw-request.ts'
import { formatCount, formatMegabytes } from '../display/number-format.ts'
import { proportionalMemory } from '../measure/process-tree.ts'
import type { StartedService } from '../service/started-service.ts'
import { waitFor } from '../service/wait-for.ts'
import { LeanConnection } from './lean-connection.ts'
import { assertCompleted } from './reload-cost.ts'
import type { BenchSettings, Part, Section } from './section.ts'
import { processesOf, startBaton, withServices } from './services.ts'

/** Descriptors for everything but connections, on either side. */
const SPARE_DESCRIPTORS = 200
const OPENED_AT_ONCE = 100
const RELOAD_TIMEOUT = 120_000
const ANSWER_TIMEOUT = 60_000
const LAST_ANSWER_TIMEOUT = 10_000

interface IdleConnection {
  readonly connection: LeanConnection
  answers: number
  isClosed: boolean
  failure: Error | undefined
}

export const idle: Part = {
  name: 'idle',
  async run (settings) {
    const limit = descriptorLimit()
    const count = Math.min(settings.idleConnections, limit - SPARE_DESCRIPTORS)
    return await withServices([async () => await startBaton(settings, availableParallelism())], async ([service]) => {
      return await measureIdle(settings, service as StartedService, count)
    })
  }
}

async function measureIdle (settings: BenchSettings, service: StartedService, count: number): Promise<Section> {
  const memoryOf = (): number => processesOf(service).reduce((sum, pid) => sum + proportionalMemory(pid), 0)
  const idles: IdleConnection[] = []
  const empty = memoryOf()
  try {
    for (let opened = 0; opened < count; opened += OPENED_AT_ONCE) {
      const next = Array.from({ length: Math.min(OPENED_AT_ONCE, count - opened) }, () => open(service))
      idles.push(...next)
      await waitFor(() => next.every(({ answers, failure }) => answers === 1 || failure !== undefined), ANSWER_TIMEOUT)
      if (opened % 1000 === 0) settings.log(`${formatCount(opened)} idle connections`)
    }
    const full = memoryOf()

    settings.log('a reload under idle connections')
    const reload = await service.reload(RELOAD_TIMEOUT, new AbortController().signal)
    assertCompleted(reload)
    const both = memoryOf()
    const resets = countFailures(idles)
    const closed = idles.filter(({ isClosed }) => isClosed).length

    settings.log('using each connection again')
    const askedAt = performance.now()
    for (const [index, { connection, isClosed, failure }] of idles.entries()) {
      if (isClosed || failure !== undefined) continue
      connection.send()
      if (index % OPENED_AT_ONCE === 0) await sleep(1)
    }
    await waitFor(() => idles.every(({ answers, isClosed, failure }) => answers === 2 || isClosed || failure !== undefined), LAST_ANSWER_TIMEOUT)
    const took = performance.now() - askedAt
    const answered = idles.filter(({ answers }) => answers === 2).length
    const failed = countFailures(idles) - resets

    return {
      title: `${formatCount(count)} idle connections through a reload`,
      header: ['reload ms', 'MB before them', 'MB with them', 'MB at its end', 'resets', 'closed while idle', 'answered afterwards', 'failed'],
      rows: [[
        formatCount(reload.duration), formatMegabytes(empty), formatMegabytes(full), formatMegabytes(both), formatCount(resets),
        formatCount(closed), `${formatCount(answered)} in ${formatCount(took)} ms`, formatCount(failed)
      ]],
      sentences: [
        `The reload took ${formatCount(reload.duration)} ms and reset ${formatCount(resets)} of ${formatCount(count)} idle connections; when they were used again, ${formatCount(answered)} were answered.`,
        'Memory is that of all processes, with shared pages counted once; at the end of the reload old and new workers are running.',
        ...(count < settings.idleConnections ? [`Not more, because ${formatCount(descriptorLimit())} descriptors are allowed (ulimit -n).`] : [])
      ]
    }
  } finally {
    for (const { connection } of idles) connection.close()
  }
}

function open ({ target }: StartedService): IdleConnection {
  const idle: IdleConnection = {
    answers: 0,
    isClosed: false,
    failure: undefined,
    connection: new LeanConnection(target, requestHead(target, 'GET', '/'), {
      answered: () => { idle.answers++ },
      failed: (error) => { idle.failure = error },
      closed: () => { idle.isClosed = true }
    })
  }
  idle.connection.send()
  return idle
}

function countFailures (idles: readonly IdleConnection[]): number {
  return idles.filter(({ failure }) => failure !== undefined).length
}

/** The limit of both sides: the service inherits it. */
function descriptorLimit (): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined || soft === 'unlimited' ? Infinity : Number(soft)
  } catch {
    return 1024
  }
}
