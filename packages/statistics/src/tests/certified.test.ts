import { expect, test } from 'vitest'
import { sample } from '../../fixtures/samples.ts'
import { binSample, boundKs, boundWasserstein } from './certified.ts'
import { ksTwoSample } from './kolmogorov-smirnov.ts'
import { wassersteinNormed } from './wasserstein.ts'

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length)
}

/** Equi-depth edges of the reference, stretched to hold both samples. */
function edgesOf(reference: Float64Array, current: Float64Array, bins: number): number[] {
  const ascending = Float64Array.from(reference).sort()
  const inner = Array.from(
    { length: bins - 1 },
    (_, i) => ascending[Math.floor(((i + 1) * reference.length) / bins)] ?? 0,
  )
  const all = [...reference, ...current]
  return [...new Set([Math.min(...all), ...inner, Math.max(...all)])].sort((a, b) => a - b)
}

test('the exact statistic always lies within the bounds that two histograms give', () => {
  let checked = 0
  for (const shape of ['uniform', 'bell', 'skewed', 'tenths', 'integers', 'large', 'tiny']) {
    for (const bins of [1, 3, 16, 128]) {
      for (const [rows, shift] of [
        [7, 0],
        [60, 3],
        [700, 0],
        [700, 5],
        [2500, 20],
      ] as const) {
        const reference = sample(rows + bins, rows, shape, 0)
        const current = sample(rows + bins + 1, rows + 40, shape, shift)
        const edges = edgesOf(reference, current, bins)
        if (edges.length < 2) continue
        const [a, b] = [binSample(reference, edges), binSample(current, edges)]
        const ks = boundKs(a, b)
        const wasserstein = boundWasserstein(a, b, deviation(reference))
        if ('reason' in ks || 'reason' in wasserstein) throw new Error('the histograms have the same edges')
        const exact = ksTwoSample(reference, current)
        const distance = wassersteinNormed(reference, current).distance ?? 0
        expect(exact.statistic).toBeGreaterThanOrEqual(ks.statistic[0] - 1e-12)
        expect(exact.statistic).toBeLessThanOrEqual(ks.statistic[1] + 1e-12)
        expect(exact.pValue).toBeGreaterThanOrEqual(ks.pValue[0] * (1 - 1e-9))
        expect(exact.pValue).toBeLessThanOrEqual(ks.pValue[1] * (1 + 1e-9))
        expect(distance).toBeGreaterThanOrEqual(wasserstein.distance[0] * (1 - 1e-9) - 1e-10)
        expect(distance).toBeLessThanOrEqual(wasserstein.distance[1] * (1 + 1e-9) + 1e-10)
        checked++
      }
    }
  }
  expect(checked).toBeGreaterThan(120)
})

test('two normal-like samples of 20,000 rows are told apart from the threshold by 128 bins', () => {
  const [reference, current] = [sample(1, 20000, 'bell', 0), sample(2, 20000, 'bell', 1)]
  const edges = edgesOf(reference, current, 128)
  const bound = boundWasserstein(binSample(reference, edges), binSample(current, edges), deviation(reference))
  if ('reason' in bound) throw new Error(bound.reason)
  expect(bound.distance[1]).toBeLessThan(0.1)
  expect(bound.distance[1] - bound.distance[0]).toBeLessThan(0.03)
})

test('an outlier far away does not loosen equi-depth bounds', () => {
  const reference = sample(1, 5000, 'bell', 0)
  const current = Float64Array.from([...sample(2, 5000, 'bell', 32), 10000])
  const edges = edgesOf(reference, current, 128)
  const bound = boundKs(binSample(reference, edges), binSample(current, edges))
  if ('reason' in bound) throw new Error(bound.reason)
  expect(bound.statistic[1] - bound.statistic[0]).toBeLessThan(0.02)
})

test('histograms over different edges, or without rows, are refused', () => {
  const of = (edges: number[], values: number[]) => binSample(values, edges)
  expect(boundKs(of([0, 1, 2], [1]), of([0, 1, 3], [1]))).toEqual({ reason: 'the two histograms have different edges' })
  expect(boundKs(of([0, 1, 2], [1]), of([0, 1, 2], []))).toEqual({ reason: 'one histogram has no rows' })
  expect(() => of([0, 1], [2])).toThrow(RangeError)
})
