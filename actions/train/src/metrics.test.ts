import { expect, test } from 'vitest'
import { readMetrics } from './metrics.ts'

test('a long text beside NaN is passed over, however long', () => {
  const text = `{"note": "${'NaN '.repeat(5e6)}", "loss": NaN, "by": {"f1": -Infinity, "auc": 0.7}}`
  expect(readMetrics(text, 'metrics.json')).toEqual({ loss: null, 'by.f1': null, 'by.auc': 0.7 })
})

test('what is nested without end is refused', () => {
  const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
  expect(() => readMetrics(deep, 'metrics.json')).toThrow('metrics.json: is nested deeper than 100 objects.')
})
