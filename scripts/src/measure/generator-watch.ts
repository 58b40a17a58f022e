import { monitorEventLoopDelay, performance as clock } from 'node:perf_hooks'

/** Milliseconds between two samples of the event loop; each measured delay contains them. */
const LOOP_RESOLUTION = 10

/** How the program that makes the load was doing, so that its limits are not taken for those of the service. */
export interface GeneratorReport {
  /** By how many milliseconds its event loop was late: 99th percentile and maximum. */
  readonly loopDelay: { readonly p99: number, readonly max: number }
  /** Share of the time in which its event loop had work, or waited for a processor, from 0 to 1. */
  readonly loopUtilization: number
  /** How many processors it kept busy; the service had what was left of the machine. */
  readonly cpus: number
}

/** Above this the clients wait for this program more than for the service. */
const MAX_UTILIZATION = 0.9
/** Of the p99 of the latencies: how much of them may be the delay of this program. */
const MAX_DELAY_SHARE = 0.25
/** A delay of this many milliseconds never matters. */
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
 * Finds out whether the load generator distorts what it measures: its event loop had work for more than 90 % of the
 * time, or was late by more than a quarter of the p99 of the quick requests.
 *
 * @param p99 of the quick requests, in milliseconds
 * @returns a description of each distortion; none when all is well
 */
export function findDistortions ({ loopDelay, loopUtilization }: GeneratorReport, p99: number): string[] {
  const limit = Math.max(HARMLESS_DELAY, p99 * MAX_DELAY_SHARE)
  return [
    ...loopUtilization > MAX_UTILIZATION
      ? [`its event loop was busy ${percent(loopUtilization)} of the time (limit ${percent(MAX_UTILIZATION)}), so rates are too low and latencies too high`]
      : [],
    ...loopDelay.p99 > limit
      ? [`its event loop was late by ${loopDelay.p99.toFixed(1)} ms at p99 (limit ${limit.toFixed(1)} ms), which the latencies contain`]
      : []
  ]
}

function lateBy (nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - LOOP_RESOLUTION)
}

function percent (share: number): string {
  return `${Math.round(share * 100)} %`
}
