/** @returns three significant digits, and no fraction from 100 on: the rest is noise */
export function formatFigure (value: number): string {
  if (!Number.isFinite(value)) return '-'
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** @returns a whole number; `-` when there is none */
export function formatCount (value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '-'
}

/** @param bytes shown in MB of 2^20 */
export function formatMegabytes (bytes: number): string {
  return formatFigure(bytes / 2 ** 20)
}

/** @param share 0.25 for 25 % */
export function formatPercent (share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : '-'
}

/** @returns milliseconds, with a fraction below 100 */
export function formatMs (ms: number): string {
  return ms < 100 ? ms.toFixed(1) : formatCount(ms)
}
