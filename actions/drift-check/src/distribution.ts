import type { ColumnDrift } from '@headgate/core'
import { interval, number } from '@headgate/reports'
import type { CategoryCounts, Sample, TestInput } from '@headgate/statistics'
import { histogram } from '@headgate/statistics'

type Distribution = NonNullable<ColumnDrift['distribution']>

const bins = 8
const mostCategories = 8
/** A category of fewer rows may name a person. */
const leastRows = 10

/** With more categories they are names rather than kinds, and none is shown. */
const mostKinds = 100

/** Both sides as shares, coarse enough to be looked at and to name nobody. */
export function distributionOf(input: TestInput): Distribution {
  return input.type === 'num' ? ofNumbers(input.reference, input.current) : ofCategories(input)
}

/** Bins of equal width between the 1st and the 99th percentile of both; the outer ones take what lies beyond. */
function ofNumbers(reference: Sample, current: Sample): Distribution {
  const pooled = Float64Array.from([...reference, ...current]).sort()
  const at = (share: number): number => pooled[Math.floor(share * (pooled.length - 1))] ?? 0
  const [low, high] = at(0.01) < at(0.99) ? [at(0.01), at(0.99)] : [at(0), at(1)]
  if (!(low < high)) return { labels: [number(low)], reference: [1], current: [1] }
  const edges = Float64Array.from({ length: bins + 1 }, (_, index) => low + ((high - low) * index) / bins)
  const shares = (sample: Sample): number[] => {
    const clamped = Float64Array.from(sample, (value) => Math.min(Math.max(value, low), edges[bins] ?? high))
    return [...histogram(clamped, edges)].map((count) => count / sample.length)
  }
  const labels = [...edges.subarray(0, bins)].map((edge, index) => interval(edge, edges[index + 1]))
  return { labels, reference: shares(reference), current: shares(current) }
}

function ofCategories(input: { reference: CategoryCounts; current: CategoryCounts }): Distribution {
  const count = (side: CategoryCounts, key: string | number | boolean): number => side.get(key) ?? 0
  const { reference, current } = input
  const all = new Set([...reference.keys(), ...current.keys()])
  const keys = [...(all.size > mostKinds ? [] : all)]
    .filter((key) => Math.max(count(reference, key), count(current, key)) >= leastRows)
    .sort((a, b) => count(reference, b) + count(current, b) - count(reference, a) - count(current, a))
    .slice(0, mostCategories)
  const shares = (side: CategoryCounts): number[] => {
    const rows = [...side.values()].reduce((sum, value) => sum + value, 0)
    const shown = keys.map((key) => count(side, key) / rows)
    return [...shown, Math.max(0, 1 - shown.reduce((sum, share) => sum + share, 0))]
  }
  return { labels: [...keys.map(String), 'others'], reference: shares(reference), current: shares(current) }
}
