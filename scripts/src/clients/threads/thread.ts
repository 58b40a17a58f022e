import { setMaxListeners } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'

import type { ClientContext } from '../client-kind.ts'
import { createKindOfMix } from '../client-mix.ts'
import { watchConnections } from '../connection-watch.ts'
import { GeneratorWatch } from '../../measure/generator-watch.ts'
import { traceUndici } from '../library/undici-trace.ts'
import { memoryOf } from './batch.ts'
import { BatchRecorder } from './batch-recorder.ts'
import type { Instruction, Notice, ThreadOrder } from './messages.ts'

/** Milliseconds: what is shown of the run is late by up to that. */
const BATCH_INTERVAL = 50

/**
 * The program of a thread: it runs its share of the clients, and tells what they report.
 *
 * A fault of a client is an uncaught error here: it ends the thread, and who started it hears of it.
 */
const { tasks, mix, timeOrigin }: ThreadOrder = workerData
const recorder = new BatchRecorder(timeOrigin)
const running = new Map<number, AbortController>()
let generatorWatch: GeneratorWatch | undefined

traceUndici()
setInterval(sendBatch, BATCH_INTERVAL)
parentPort?.on('message', (instruction: Instruction) => {
  switch (instruction.type) {
    case 'run': {
      const { task, target, timeout, maxRequests } = instruction
      if (generatorWatch === undefined) {
        generatorWatch = new GeneratorWatch()
        watchConnections(target.port, (change, at) => { recorder.connectionChanged(change, at) })
      }
      run(task, { target, timeout, maxRequests }).catch((error: unknown) => { setImmediate(() => { throw error }) })
      break
    }
    case 'abort':
      running.get(instruction.task)?.abort()
      break
    case 'finish':
      sendBatch()
      send({ type: 'finished', generator: (generatorWatch ?? new GeneratorWatch()).stop() })
  }
})
send({ type: 'ready' })

async function run (index: number, limits: Pick<ClientContext, 'target' | 'timeout' | 'maxRequests'>): Promise<void> {
  const task = tasks[index]
  if (task === undefined) throw new Error(`the thread has no task ${index}`)
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  running.set(index, stop)
  const kind = createKindOfMix(task.name, task.count, mix)
  await kind.run({ ...limits, signal: stop.signal, random: Math.random, recorder: recorder.recorderOf(index) })
  sendBatch()
  send({ type: 'ended', task: index })
}

function sendBatch (): void {
  const batch = recorder.take()
  if (batch !== undefined) parentPort?.postMessage({ type: 'batch', batch } satisfies Notice, memoryOf(batch))
}

function send (notice: Notice): void {
  parentPort?.postMessage(notice)
}
