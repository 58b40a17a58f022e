import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

import { requestHead } from '../clients/raw/raw-request.ts'
import type { StartedService } from '../service/started-service.ts'
import { formatCount, formatMegabytes } from '../display/number-format.ts'
import { proportionalMemory } from '../measure/process-tree.ts'
import { LeanConnection } from './lean-connection.ts'
import { assertCompleted } from './reload-cost.ts'
import type { BenchSettings, Part, Section } from './section.ts'
import { processesOf, startBaton, withServices } from './services.ts'

/** Descriptors that are no connections, on either side. */
const SPARE_DESCRIPTORS = 200
const AT_ONCE = 100
const RELOAD_TIMEOUT = 120_000
const ANSWER_TIMEOUT = 60_000
const TOLD_TIMEOUT = 10_000

interface Idle {
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
  const idles: Idle[] = []
  const empty = memoryOf()
  try {
    for (let opened = 0; opened < count; opened += AT_ONCE) {
      const next = Array.from({ length: Math.min(AT_ONCE, count - opened) }, () => open(service))
      idles.push(...next)
      await until(() => next.every(({ answers, failure }) => answers === 1 || failure !== undefined), ANSWER_TIMEOUT)
      if (opened % 1000 === 0) settings.tell(`${formatCount(opened)} idle connections`)
    }
    const full = memoryOf()

    settings.tell('a reload under idle connections')
    const reload = await service.reload(RELOAD_TIMEOUT, new AbortController().signal)
    assertCompleted(reload)
    const both = memoryOf()
    const resets = countFailures(idles)
    const closed = idles.filter(({ isClosed }) => isClosed).length

    settings.tell('using each connection once more')
    const askedAt = performance.now()
    for (const [index, { connection, isClosed, failure }] of idles.entries()) {
      if (isClosed || failure !== undefined) continue
      connection.send()
      if (index % AT_ONCE === 0) await sleep(1)
    }
    await until(() => idles.every(({ answers, isClosed, failure }) => answers === 2 || isClosed || failure !== undefined), TOLD_TIMEOUT)
    const took = performance.now() - askedAt
    const answered = idles.filter(({ answers }) => answers === 2).length
    const failed = countFailures(idles) - resets

    return {
      title: `${formatCount(count)} idle connections through a reload`,
      header: ['reload ms', 'MB before any', 'MB with them', 'MB at its end', 'resets', 'closed while idle', 'answered afterwards', 'failed'],
      rows: [[
        formatCount(reload.duration), formatMegabytes(empty), formatMegabytes(full), formatMegabytes(both), formatCount(resets),
        formatCount(closed), `${formatCount(answered)} in ${formatCount(took)} ms`, formatCount(failed)
      ]],
      sentences: [
        `The reload took ${formatCount(reload.duration)} ms and reset ${formatCount(resets)} of ${formatCount(count)} idle connections; used once more, ${formatCount(answered)} were answered.`,
        'The memory is that of all processes, shared pages counted once; at its end old and new workers are there.',
        ...(count < settings.idleConnections ? [`Only so many, because ${formatCount(descriptorLimit())} descriptors are allowed (ulimit -n).`] : [])
      ]
    }
  } finally {
    for (const { connection } of idles) connection.close()
  }
}

function open ({ target }: StartedService): Idle {
  const idle: Idle = {
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

function countFailures (idles: readonly Idle[]): number {
  return idles.filter(({ failure }) => failure !== undefined).length
}

async function until (isTrue: () => boolean, timeout: number): Promise<void> {
  const deadline = performance.now() + timeout
  while (!isTrue() && performance.now() < deadline) await sleep(5)
}

/** What both sides may have: the service inherits the limit. */
function descriptorLimit (): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined || soft === 'unlimited' ? Infinity : Number(soft)
  } catch {
    return 1024
  }
}
