import type { Evaluation } from '@headgate/core'
import { expect, test } from 'vitest'
import { bumpOf } from './bump.ts'

const champion = { kind: 'champion', version: '0.1.0', digest: null, modelDigest: null, paired: true } as const

function metric(low: number | null, high: number | null, of: 'difference' | 'candidate' = 'difference') {
  const rest = { metric: 'roc_auc', slice: null, rows: 500, candidate: 0.7, baseline: 0.7, difference: 0 }
  const interval = { low, high, level: 0.95, of }
  return { ...rest, interval, pValue: null, method: 'DeLong', status: 'pass', rule: null, reason: '' } as const
}

test.each<[string, Pick<Evaluation, 'baseline' | 'metrics'> | undefined, string]>([
  ['no gate', undefined, 'minor'],
  ['a first model', { baseline: { ...champion, kind: 'none', version: null }, metrics: [metric(-1, 1)] }, 'minor'],
  ['no difference that can be told', { baseline: champion, metrics: [metric(-0.01, 0.02), metric(0, 0.1)] }, 'patch'],
  ['one metric that is better', { baseline: champion, metrics: [metric(-0.01, 0.02), metric(0.001, 0.1)] }, 'minor'],
  ['one metric that is worse within its margin', { baseline: champion, metrics: [metric(-0.02, -0.001)] }, 'minor'],
  ['a difference without bounds', { baseline: champion, metrics: [metric(null, 0.1)] }, 'minor'],
  ['floors only', { baseline: champion, metrics: [metric(0.6, 0.8, 'candidate')] }, 'minor'],
  ['rows that are not paired', { baseline: { ...champion, paired: false }, metrics: [metric(-1, 1)] }, 'minor'],
])('after %s', (_name, evaluation, bump) => {
  expect(bumpOf(evaluation)).toBe(bump)
})
