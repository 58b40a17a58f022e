import { processTree, proportionalMemory } from './process-tree.ts'

/** Milliseconds; not shorter, because each look reads the page tables of all processes of the tree. */
const LOOK_INTERVAL = 250

/** Watches how much memory a process and its descendants use together. */
export class MemoryWatch {
  readonly #root: number
  readonly #timer: NodeJS.Timeout
  #peak = 0

  constructor (root: number) {
    this.#root = root
    this.#timer = setInterval(() => { this.#look() }, LOOK_INTERVAL)
    this.#timer.unref()
  }

  /** @returns the peak in bytes; 0 where there is no `/proc` */
  stop (): number {
    clearInterval(this.#timer)
    this.#look()
    return this.#peak
  }

  #look (): void {
    this.#peak = Math.max(this.#peak, processTree(this.#root).reduce((sum, pid) => sum + proportionalMemory(pid), 0))
  }
}
