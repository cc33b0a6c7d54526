/**
 * Rows from which a resampled metric is bounded. With errors of heavy tails, lognormal ones of σ = 1 or Student's t with
 * 3 degrees, a bound on their mean at 0.05 is missed in at most 0.06 of the cases then (README); of a few rows in 0.3.
 */
const leastRows = 100

/** Rows of each class from which ranks are bounded that are not in perfect order. */
const leastClassRows = 20

/** What rounding may take from the effective number of rows of equal weight. */
const slack = 1e-9

/**
 * Why so few rows cannot be resampled; null where they can.
 * @param effective the rows of equal weight that they are worth.
 */
export function lackOfRows(rows: number, effective: number): string | null {
  if (effective + slack >= leastRows) return null
  const found =
    effective + slack >= rows ? `there are ${rows}` : `these ${rows} weigh as much as ${Math.floor(effective + slack)}`
  return `resampling takes ${leastRows} rows, and ${found}`
}

/**
 * Why so small a class cannot be ranked; null where it can.
 * @param effective the rows of equal weight that it is worth.
 */
export function lackOfClass(effective: number): string | null {
  if (effective + slack >= leastClassRows) return null
  return `ranking takes ${leastClassRows} rows of each class, and one has ${Math.floor(effective + slack)}`
}
