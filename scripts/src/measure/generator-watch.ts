import { monitorEventLoopDelay, performance as clock } from 'node:perf_hooks'

/** Milliseconds between two looks at the event loop; each measured delay contains them. */
const LOOP_RESOLUTION = 10

/** How the program that makes the load was doing, so that its limits are not taken for those of the service. */
export interface GeneratorReport {
  /** By how many milliseconds its event loop was late, in 99 of 100 looks, and at most. */
  readonly loopDelay: { readonly p99: number, readonly max: number }
  /** Share of the time in which its event loop had work, or waited for a processor to do it, from 0 to 1. */
  readonly loopUtilization: number
  /** Processors that it kept busy, 1 is one whole; the service had what was left of the machine. */
  readonly cpus: number
}

/** Above it the clients wait for this program more than for the service. */
const MAX_UTILIZATION = 0.9
/** A share of the p99 of the latencies: a larger part of them than that is this program's own. */
const MAX_DELAY_SHARE = 0.25
/** Milliseconds that never matter. */
const HARMLESS_DELAY = 2

/** Watches the event loop of this program, and the processors that it uses. */
export class GeneratorWatch {
  readonly #delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION })
  readonly #startedAt = clock.now()
  readonly #cpu = process.cpuUsage()
  readonly #utilization = clock.eventLoopUtilization()

  constructor () {
    this.#delay.enable()
  }

  stop (): GeneratorReport {
    this.#delay.disable()
    const { user, system } = process.cpuUsage(this.#cpu)
    return {
      loopDelay: { p99: lateBy(this.#delay.percentile(99)), max: lateBy(this.#delay.max) },
      loopUtilization: clock.eventLoopUtilization(this.#utilization).utilization,
      cpus: (user + system) / 1000 / (clock.now() - this.#startedAt)
    }
  }
}

/**
 * Says whether the load generator distorts what it measures: its event loop had work for more than 90 % of the
 * time, or was late by more than a quarter of the p99 of the quick requests.
 *
 * @param p99 of the quick requests, in milliseconds
 * @returns what a person should know; none when all is well
 */
export function findDistortions ({ loopDelay, loopUtilization }: GeneratorReport, p99: number): string[] {
  const limit = Math.max(HARMLESS_DELAY, p99 * MAX_DELAY_SHARE)
  return [
    ...loopUtilization > MAX_UTILIZATION
      ? [`it had work for ${percent(loopUtilization)} of the time (limit ${percent(MAX_UTILIZATION)}): rates are too low, and latencies too high`]
      : [],
    ...loopDelay.p99 > limit
      ? [`its event loop was late by ${loopDelay.p99.toFixed(1)} ms at p99 (limit ${limit.toFixed(1)} ms): the latencies contain that`]
      : []
  ]
}

function lateBy (nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - LOOP_RESOLUTION)
}

function percent (share: number): string {
  return `${Math.round(share * 100)} %`
}
