import type { GeneratorReport } from '../../measure/generator-watch.ts'
import type { MixOptions } from '../client-mix.ts'
import type { Target } from '../target.ts'
import type { Batch } from './batch.ts'

/** What a thread is started with. */
export interface ThreadOrder {
  readonly tasks: readonly ThreadTask[]
  readonly mix: MixOptions
  /** `performance.timeOrigin` of who starts it: all times that the thread tells are of that clock. */
  readonly timeOrigin: number
}

/** Its clients of one kind. */
export interface ThreadTask {
  /** The name of the kind. */
  readonly name: string
  readonly count: number
}

/** To a thread. A task goes by its index. */
export type Instruction =
  | { readonly type: 'run', readonly task: number, readonly target: Target, readonly timeout: number, readonly maxRequests: number }
  /** No request is to be started any more. */
  | { readonly type: 'abort', readonly task: number }
  /** All tasks have ended: the thread tells what is left to tell. */
  | { readonly type: 'finish' }

/** From a thread, which says nothing else of a task after it has ended, and nothing at all after `finished`. */
export type Notice =
  | { readonly type: 'ready' }
  | { readonly type: 'batch', readonly batch: Batch }
  | { readonly type: 'ended', readonly task: number }
  | { readonly type: 'finished', readonly generator: GeneratorReport }
