/** What a test says: its statistic and p-value, or why it has none. */
export type PValue =
  | { readonly statistic: number; readonly pValue: number }
  | { readonly statistic: null; readonly pValue: null; readonly reason: string }

/** A distance between two samples, or why it has none. */
export type Distance = { readonly distance: number } | { readonly distance: null; readonly reason: string }

export function noPValue(reason: string): PValue {
  return { statistic: null, pValue: null, reason }
}

export function noDistance(reason: string): Distance {
  return { distance: null, reason }
}

export const emptySide = 'one side has no values'
export const tooManyBins = 'the values are too close together, relative to their size, for the number of bins'
