/** Samples of the Prometheus text format, such as `baton_workers{state="ready"}`, with their values. */
export type Samples = ReadonlyMap<string, number>

/** @returns the samples; labels come in the order of their names */
export function parseMetrics (text: string): Samples {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name, labels = '', value] = /^([a-z0-9_:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name === undefined) throw new Error(`this is no sample: ${line}`)
    const sorted = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([label]) => label).sort()
    const key = sorted.length === 0 ? name : `${name}{${sorted.join(',')}}`
    if (samples.has(key)) throw new Error(`this sample is there twice: ${key}`)
    samples.set(key, Number(value))
  }
  return samples
}

/** @returns the names of the families that only grow, as the text says */
export function growing (text: string): string[] {
  return [...text.matchAll(/^# TYPE (\S+) (counter|histogram)$/gm)].map(([, name]) => name as string)
}

/** @returns what of `after` is less than it was in `before`, or not there any more */
export function wentBackwards (before: Samples, after: Samples, families: readonly string[]): string[] {
  return [...before].flatMap(([sample, value]) => {
    const isGrowing = families.some((family) => new RegExp(`^${family}(_bucket|_sum|_count)?(\\{|$)`).test(sample))
    const next = after.get(sample)
    return isGrowing && (next === undefined || next < value - 1e-9) ? [`${sample}: ${value} -> ${next}`] : []
  })
}

/** @returns the sum of all samples of this name whose labels have all of these */
export function sum (samples: Samples, name: string, ...labels: readonly string[]): number {
  return [...samples]
    .filter(([sample]) => (sample === name || sample.startsWith(`${name}{`)) && labels.every((label) => sample.includes(label)))
    .reduce((total, [, value]) => total + value, 0)
}
