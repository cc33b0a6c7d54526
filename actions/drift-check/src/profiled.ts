import type { ColumnDrift, ColumnProfile } from '@headgate/core'
import type { BinnedSample, CategoryCounts, TestName } from '@headgate/statistics'
import { binSample, boundKs, boundWasserstein, driftTests } from '@headgate/statistics'
import { categoryHash } from '@headgate/tables'
import { distributionOf } from './distribution.ts'
import type { Kept } from './obstacle.ts'
import type { Pair } from './pair.ts'
import { mostIntegerCategories, testFor } from './pair.ts'
import type { Declared, Values } from './side.ts'
import { distinctUpTo } from './side.ts'

const supplyData = 'Give `reference` as data to decide it.'

/** What a profile keeps of a column. */
export function keptByProfile({ family, profile }: Declared): Kept {
  if (profile === undefined) return { present: 0, texts: null }
  return { present: presentIn(profile), texts: family === 'text' ? distinctIn(profile) : null }
}

function presentIn({ rows, nulls, nan, infinite }: ColumnProfile): number {
  return rows - nulls - nan - infinite
}

function distinctIn(profile: ColumnProfile): number | null {
  return exactCounts(profile)?.size ?? profile.distinct
}

/** Compares current data with what a profile kept: exactly where it kept counts, by certified bounds elsewhere. */
export function compareWithProfile(pair: Pair, current: Values): ColumnDrift {
  const profile = pair.reference.profile
  if (profile === undefined) throw new Error(`the profile does not hold ${pair.reference.name}`)
  const counts = exactCounts(profile)
  const known = distinctIn(profile)
  const isFew = profile.type === 'integer' && known !== null && known <= mostIntegerCategories
  const type = current.numbers === undefined || isFew ? 'cat' : 'num'
  const distinct = distinctOf(counts, profile, current)
  if (distinct === undefined) return undecided(pair, 'unknown', supplyData)
  const name = testFor(pair, { type, referenceRows: presentIn(profile), distinct })
  if (type === 'cat') {
    if (counts === undefined) {
      const why = 'The profile holds only a part of its categories.'
      return undecided(pair, name, `${why} ${supplyData}`)
    }
    return exact(pair, profile, current, name, counts)
  }
  return bounded(pair, profile, current, name)
}

/** Counts of all the values, where the profile has them all; rare values may stand as hashes. */
function exactCounts({ categories, type }: ColumnProfile): CategoryCounts | undefined {
  if (categories === null || categories.others > 0) return undefined
  const isNumber = type === 'integer' || type === 'float'
  const keyOf = (value: string): string | number => (isNumber && value.trim() !== '' ? numberOrText(value) : value)
  return new Map(categories.counts.map(({ value, count }) => [keyOf(value), count]))
}

function numberOrText(value: string): string | number {
  const number = Number(value)
  return Number.isNaN(number) ? value : number
}

/** Current counts under the names that the profile has for the values. */
function underNamesOf(reference: CategoryCounts, column: string, current: CategoryCounts): CategoryCounts {
  const nameOf = (value: string | number | boolean): string | number | boolean => {
    if (reference.has(value)) return value
    const hash = categoryHash(column, String(value))
    return reference.has(hash) ? hash : value
  }
  return new Map([...current].map(([value, count]) => [nameOf(value), count]))
}

/** Distinct values of both sides, as exact as the choice of a test needs it. */
function distinctOf(
  counts: CategoryCounts | undefined,
  { column, distinct }: ColumnProfile,
  current: Values,
): number | undefined {
  if (counts) return new Set([...counts.keys(), ...underNamesOf(counts, column, current.counts()).keys()]).size
  const inCurrent = current.numbers ? distinctUpTo(mostIntegerCategories, current.numbers) : current.counts().size
  const least = Math.max(distinct ?? 0, inCurrent)
  // Above five, no default test depends on it.
  return least > 5 ? least : undefined
}

function exact(
  pair: Pair,
  profile: ColumnProfile,
  current: Values,
  name: TestName,
  reference: CategoryCounts,
): ColumnDrift {
  const test = driftTests[name]
  const named = underNamesOf(reference, profile.column, current.counts())
  const input = { type: 'cat' as const, reference, current: named }
  const scored = test.score(input)
  if (scored.score === null) return undecided(pair, name, `No score: ${scored.reason}.`)
  const drifted = test.drifted(scored.score)
  return {
    ...described(pair, name),
    score: scored.score,
    drifted,
    interval: null,
    pValue: test.kind === 'p-value' ? scored.score : null,
    status: drifted ? 'warn' : 'pass',
    ...(drifted ? { distribution: distributionOf(input) } : {}),
  }
}

function bounded(pair: Pair, profile: ColumnProfile, current: Values, name: TestName): ColumnDrift {
  const sides = binned(profile, current.numbers ?? new Float64Array())
  if (sides === undefined) return undecided(pair, name, `The profile has no histogram of it. ${supplyData}`)
  const bounds = boundsOf(name, sides, profile)
  if ('reason' in bounds) return undecided(pair, name, `${bounds.reason} ${supplyData}`)
  const [low, high] = bounds.score
  const test = driftTests[name]
  const drifted = test.drifted(low) === test.drifted(high) ? test.drifted(low) : null
  const note = drifted === null ? `The profile’s bounds hold the threshold between them. ${supplyData}` : undefined
  return {
    ...described(pair, name),
    score: null,
    drifted,
    interval: { low, high },
    pValue: null,
    status: drifted === null ? 'inconclusive' : drifted ? 'warn' : 'pass',
    ...(note === undefined ? {} : { note }),
  }
}

function boundsOf(
  name: TestName,
  { reference, current }: { readonly reference: BinnedSample; readonly current: BinnedSample },
  { moments }: ColumnProfile,
): { readonly score: readonly [number, number] } | { readonly reason: string } {
  if (name === 'ks') {
    const bounds = boundKs(reference, current)
    return 'reason' in bounds ? { reason: `No bounds: ${bounds.reason}.` } : { score: bounds.pValue }
  }
  if (name !== 'wasserstein') return { reason: `No bounds of \`${name}\` follow from a profile.` }
  if (moments === null || moments.m2 === null) return { reason: 'The profile does not hold its deviation.' }
  const bounds = boundWasserstein(reference, current, Math.sqrt(moments.m2 / moments.count))
  return 'reason' in bounds ? { reason: `No bounds: ${bounds.reason}.` } : { score: bounds.distance }
}

/** Both sides over the profile's edges, with one more bin at either end for what lies beyond them. */
function binned(
  { histogram, minimum, maximum }: ColumnProfile,
  values: Float64Array,
): { readonly reference: BinnedSample; readonly current: BinnedSample } | undefined {
  const [first, last] = [histogram?.edges[0], histogram?.edges.at(-1)]
  if (histogram === null || first === undefined || last === undefined) return undefined
  if (minimum === null || maximum === null) return undefined
  let [low, high] = [Math.min(minimum, first), Math.max(maximum, last)]
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)]
  const edges = [low, ...histogram.edges, high]
  const kept = [histogram.below, ...histogram.bins, histogram.above]
  const reference = { edges, counts: kept.map(({ count }) => count), sums: kept.map(({ sum }) => sum) }
  return { reference, current: lastClosed(binSample(values, edges), values, last) }
}

/** A profile's last bin holds its upper edge; the bin beyond it begins after that. */
function lastClosed(sample: BinnedSample, values: Float64Array, edge: number): BinnedSample {
  const onEdge = values.filter((value) => value === edge).length
  const [counts, sums] = [Array.from(sample.counts), Array.from(sample.sums)]
  const beyond = counts.length - 1
  const move = (list: number[], amount: number): void => {
    list[beyond] = (list[beyond] ?? 0) - amount
    list[beyond - 1] = (list[beyond - 1] ?? 0) + amount
  }
  move(counts, onEdge)
  move(sums, onEdge * edge)
  return { edges: sample.edges, counts, sums }
}

function described(
  { reference, missingShare }: Pair,
  name: TestName,
): Pick<ColumnDrift, 'column' | 'type' | 'test' | 'threshold' | 'missingShare'> {
  const { threshold } = driftTests[name]
  return { column: reference.name, type: reference.type, test: name, threshold, missingShare }
}

function undecided(pair: Pair, name: TestName | 'unknown', note: string): ColumnDrift {
  const whole = { ...described(pair, name === 'unknown' ? 'ks' : name), test: name }
  const threshold = name === 'unknown' ? null : whole.threshold
  return { ...whole, threshold, score: null, drifted: null, interval: null, pValue: null, status: 'inconclusive', note }
}
