import { createHash } from 'node:crypto'
import type { ColumnProfile } from '@headgate/core'

export type Categories = NonNullable<ColumnProfile['categories']>

/** Up to so many distinct values are categories that may be named. */
export const namedCategories = 100
/** A value seen so often names no person. */
const namedFrom = 10
/** So many hashed values are kept of a column with more. */
const keptHashes = 1000

const mark = 'hash:'

/**
 * By what a profile names a category: by itself where it stands for many rows, else by a salted hash, so that profiles
 * can be compared but not read. The salt is the column's name: it keeps tables of known hashes away, not somebody who
 * guesses values.
 */
export function categoryHash(column: string, value: string): string {
  return mark + createHash('sha256').update(`headgate\0${column}\0${value}`).digest('hex').slice(0, 16)
}

/** The categories of a profile from exact counts. */
export function categoriesOf(column: string, counts: ReadonlyMap<string, number>): Categories {
  const hashed = counts.size > namedCategories
  const isNamed = (value: string, count: number): boolean => !hashed && count >= namedFrom && !value.startsWith(mark)
  const all = [...counts].map(([value, count]) => ({
    value: isNamed(value, count) ? value : categoryHash(column, value),
    count,
  }))
  const kept = all.sort(byCount).slice(0, hashed ? keptHashes : undefined)
  return { counts: kept, hashed, others: sum(all) - sum(kept) }
}

function byCount(a: Categories['counts'][number], b: Categories['counts'][number]): number {
  return b.count - a.count || (a.value < b.value ? -1 : 1)
}

function sum(counts: Categories['counts']): number {
  return counts.reduce((total, { count }) => total + count, 0)
}

/**
 * The counts of two profiles together, whose categories may be named in one and hashed in the other. What neither
 * lists stays in `others`.
 */
export function mergeCategories(column: string, a: Categories, b: Categories): Categories {
  const hashed = a.hashed || b.hashed
  const names = new Map<string, string>()
  const counts = new Map<string, number>()
  for (const { value, count } of [...a.counts, ...b.counts]) {
    const key = value.startsWith(mark) ? value : categoryHash(column, value)
    if (!value.startsWith(mark)) names.set(key, value)
    counts.set(key, (counts.get(key) ?? 0) + count)
  }
  const all = [...counts].map(([key, count]) => ({ value: hashed ? key : (names.get(key) ?? key), count }))
  return { counts: all.sort(byCount), hashed, others: a.others + b.others }
}
