import type { ColumnProfile, Problem, Profile } from '@headgate/core'
import { digestOfTree, UserError } from '@headgate/core'
import { mergeCategories } from './categories.ts'
import type { Histogram } from './histogram.ts'

type Moments = NonNullable<ColumnProfile['moments']>

/**
 * The profile of two tables' rows together, as if they had been profiled as one; the order of merging does not matter.
 * How many distinct values both have is not known.
 * @throws UserError for each column that only one has, or whose type or edges differ.
 */
export function mergeProfiles(a: Profile, b: Profile): Profile {
  const others = new Map(b.columns.map((column) => [column.column, column]))
  const problems: Problem[] = []
  const columns = a.columns.flatMap((column) => {
    const other = others.get(column.column)
    others.delete(column.column)
    const wrong = other === undefined ? 'only one profile has it' : differenceOf(column, other)
    if (other !== undefined && wrong === undefined) return [mergeColumns(column, other)]
    problems.push({ what: `the column ${JSON.stringify(column.column)} cannot be merged: ${wrong}.` })
    return []
  })
  for (const name of others.keys())
    problems.push({ what: `the column ${JSON.stringify(name)} cannot be merged: only one profile has it.` })
  if (problems.length > 0) throw new UserError(problems)
  return { data: mergedData(a.data, b.data, columns.length), columns }
}

function differenceOf(a: ColumnProfile, b: ColumnProfile): string | undefined {
  if (a.type !== b.type) return `its types are ${a.type} and ${b.type}`
  if (a.histogram?.edgesDigest !== b.histogram?.edgesDigest) return 'its histograms have different edges'
  return undefined
}

function mergedData(a: Profile['data'], b: Profile['data'], columns: number): Profile['data'] {
  const digest = digestOfTree([a, b].map((data) => ({ path: data.source, digest: data.digest })))
  return { source: `${a.source} + ${b.source}`, rows: a.rows + b.rows, columns, digest }
}

function mergeColumns(a: ColumnProfile, b: ColumnProfile): ColumnProfile {
  return {
    column: a.column,
    type: a.type,
    rows: a.rows + b.rows,
    nulls: a.nulls + b.nulls,
    nan: a.nan + b.nan,
    infinite: a.infinite + b.infinite,
    distinct: null,
    minimum: extreme(Math.min, a.minimum, b.minimum),
    maximum: extreme(Math.max, a.maximum, b.maximum),
    moments: a.moments && b.moments ? mergeMoments(a.moments, b.moments) : null,
    categories: a.categories && b.categories ? mergeCategories(a.column, a.categories, b.categories) : null,
    histogram: a.histogram && b.histogram ? mergeHistograms(a.histogram, b.histogram) : null,
  }
}

function extreme(choose: (...values: number[]) => number, a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return choose(a, b)
}

/** Chan, Golub and LeVeque (1979): the moments of a union from those of its parts. */
function mergeMoments(a: Moments, b: Moments): Moments {
  const count = a.count + b.count
  if (a.count === 0) return b
  if (b.count === 0 || a.mean === null || b.mean === null || a.m2 === null || b.m2 === null) return a
  const delta = b.mean - a.mean
  const mean = a.mean + (delta * b.count) / count
  return { count, mean, m2: a.m2 + b.m2 + (delta * delta * a.count * b.count) / count }
}

function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  const add = (x: Histogram['below'], y: Histogram['below'] | undefined): Histogram['below'] => ({
    count: x.count + (y?.count ?? 0),
    sum: x.sum + (y?.sum ?? 0),
  })
  return {
    edges: a.edges,
    edgesDigest: a.edgesDigest,
    bins: a.bins.map((bin, index) => add(bin, b.bins[index])),
    below: add(a.below, b.below),
    above: add(a.above, b.above),
  }
}
