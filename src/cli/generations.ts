/** @returns what the slots run, for example `generation 4 goes on in all slots`, `slot 0 has generation 5, slots 1-3 have generation 4` */
export function describeSlots (slots: readonly number[]): string {
  const [first] = slots
  if (first === undefined) return 'no worker is left'
  if (slots.every((generation) => generation === first)) return `generation ${first} goes on in all slots`

  const runs: Array<{ readonly from: number, to: number, readonly generation: number }> = []
  for (const [slot, generation] of slots.entries()) {
    const last = runs.at(-1)
    if (last?.generation === generation) last.to = slot
    else runs.push({ from: slot, to: slot, generation })
  }
  return runs
    .map(({ from, to, generation }) => `${from === to ? `slot ${from} has` : `slots ${from}-${to} have`} generation ${generation}`)
    .join(', ')
}
