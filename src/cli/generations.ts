/** @returns for example `all slots run generation 4`, or `slot 0 runs generation 5, slots 1-3 run generation 4` */
export function describeSlots (slots: readonly number[]): string {
  const [first] = slots
  if (first === undefined) return 'no worker is left'
  if (slots.every((generation) => generation === first)) return `all slots run generation ${first}`

  const runs: Array<{ readonly from: number, to: number, readonly generation: number }> = []
  for (const [slot, generation] of slots.entries()) {
    const last = runs.at(-1)
    if (last?.generation === generation) last.to = slot
    else runs.push({ from: slot, to: slot, generation })
  }
  return runs
    .map(({ from, to, generation }) =>
      `${from === to ? `slot ${from} runs` : `slots ${from}-${to} run`} generation ${generation}`)
    .join(', ')
}
