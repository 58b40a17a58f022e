const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const STEPS = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']] as const

/** @returns for example `1,204 ms` */
export function milliseconds (duration: number): string {
  return `${Math.round(duration).toLocaleString('en')} ms`
}

/** @returns the two largest units: `3d 4h`, `12m 5s`, `8s` */
export function span (duration: number): string {
  const parts = [[DAY, 'd', Infinity], [HOUR, 'h', 24], [MINUTE, 'm', 60], [SECOND, 's', 60]] as const
  const written = parts.map(([unit, name, limit]) => ({ name, amount: Math.floor(duration / unit) % limit }))
  const first = written.findIndex(({ amount }) => amount > 0)
  if (first === -1) return '0s'
  return written.slice(first, first + 2).map(({ name, amount }) => `${amount}${name}`).join(' ')
}

/** @returns for example `9999`, `12 k`, `1.2 M`; at most five characters up to 999 T */
export function count (amount: number): string {
  return amount < 10_000 ? String(amount) : scaled(amount)
}

/** @returns for example `85 MB`, in powers of 1000 */
export function bytes (amount: number): string {
  return amount < 1000 ? `${amount} B` : `${scaled(amount)}B`
}

/** @returns for example `12 ms`, `1.2 s`; at most six characters up to 999 s */
export function delay (duration: number): string {
  return duration < 999.5 ? `${Math.round(duration)} ms` : `${digits(duration / SECOND)} s`
}

/** @returns for example `5 s`, `0.1 s` */
export function seconds (duration: number): string {
  return `${(duration / SECOND).toLocaleString('en')} s`
}

/** @param time ISO 8601 in UTC */
export function moment (time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`
}

/** An amount that rounds up to 1000 of a unit is shown as 1.0 of the next. */
function scaled (amount: number): string {
  const [unit, name] = STEPS.find(([unit]) => amount >= unit * 0.9995) as typeof STEPS[number]
  return `${digits(amount / unit)} ${name}`
}

function digits (value: number): string {
  return value < 9.95 ? value.toFixed(1) : String(Math.round(value))
}
