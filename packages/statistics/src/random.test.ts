import { expect, test } from 'vitest'
import { createRandom } from './random.ts'

test('equal seeds give equal streams, different seeds different ones', () => {
  const stream = (seed: number) => {
    const random = createRandom(seed)
    return Array.from({ length: 5 }, () => random.uint32())
  }
  expect(stream(7)).toEqual(stream(7))
  expect(stream(7)).not.toEqual(stream(8))
  expect(new Set(stream(0)).size).toBe(5)
})

test('uniform integers fill their range evenly', () => {
  const random = createRandom(3)
  const counts = new Array<number>(7).fill(0)
  for (let i = 0; i < 70000; i++) {
    const k = random.below(7)
    counts[k] = (counts[k] ?? 0) + 1
  }
  const chiSquared = counts.reduce((sum, count) => sum + (count - 10000) ** 2 / 10000, 0)
  // P(χ²₆ > 22.46) = 0.001
  expect(chiSquared).toBeLessThan(22.46)
})

test.each([
  [5, 0.3],
  [40, 0.9],
  [1000, 0.004],
  [100, 0.5],
  [1_000_000, 0.25],
])('binomial draws of %d trials at %d have the mean, variance and skew of the distribution', (n, p) => {
  const random = createRandom(n)
  const draws = Array.from({ length: 40000 }, () => random.binomial(n, p))
  const deviation = Math.sqrt(n * p * (1 - p))
  const standard = draws.map((k) => (k - n * p) / deviation)
  const moment = (power: number) => standard.reduce((sum, z) => sum + z ** power, 0) / standard.length
  expect(Math.abs(moment(1))).toBeLessThan(4.5 / 200)
  expect(Math.abs(moment(2) - 1)).toBeLessThan(0.05)
  expect(Math.abs(moment(3) - (1 - 2 * p) / deviation)).toBeLessThan(0.12)
  expect(Math.min(...draws)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...draws)).toBeLessThanOrEqual(n)
})
