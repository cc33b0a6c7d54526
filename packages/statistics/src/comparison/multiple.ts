/** Holm's (1979) step-down adjusted p-values, in the order given: the family-wise error stays within alpha. */
export function holm(pValues: readonly number[]): number[] {
  const adjusted = new Array<number>(pValues.length).fill(1)
  let largest = 0
  ascendingOrder(pValues).forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * (pValues[index] ?? 1)))
    adjusted[index] = largest
  })
  return adjusted
}

/** Benjamini and Hochberg's (1995) adjusted p-values, in the order given: the share of false discoveries. */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const adjusted = new Array<number>(pValues.length).fill(1)
  let smallest = 1
  const order = ascendingOrder(pValues)
  for (let rank = order.length; rank >= 1; rank--) {
    const index = order[rank - 1] ?? 0
    smallest = Math.min(smallest, ((pValues[index] ?? 1) * pValues.length) / rank)
    adjusted[index] = smallest
  }
  return adjusted
}

function ascendingOrder(pValues: readonly number[]): number[] {
  return Array.from(pValues.keys()).sort((a, b) => (pValues[a] ?? 1) - (pValues[b] ?? 1))
}
