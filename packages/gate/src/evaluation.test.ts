import type { Evaluation, Rule } from '@headgate/core'
import { digestOf, UserError } from '@headgate/core'
import { labelledCsv, makeFlights, predictionCsv } from '@headgate/testkit'
import { expect, test } from 'vitest'
import { all, files, gate, problemsOf, type Scenario } from '../test/scene.ts'

// Constants below were computed from the same rows with scikit-learn 1.9 and SciPy (DeLong's variance by its
// definition).

async function told(scenario: Scenario): Promise<string[]> {
  return (await problemsOf(scenario)).map(({ what, fix }) => `${what} ${fix ?? ''}`.trim())
}

const only = (document: Evaluation, metric: string, slice: string | null = null) =>
  document.metrics.filter((row) => row.metric === metric && row.slice === slice)[0]

test('a better candidate passes, with the numbers of scikit-learn and DeLong', async () => {
  const { document } = await gate({ files, settings: { baseline: 'bad.csv', metrics: 'brier_score, f1'.split(', ') } })
  expect(document.verdict).toBe('pass')
  const row = only(document, 'roc_auc')
  expect(row?.candidate).toBeCloseTo(0.8255047080753292, 12)
  expect(row?.baseline).toBeCloseTo(0.6472046052736844, 12)
  expect(row?.difference).toBeCloseTo(0.17830010280164477, 12)
  expect(row?.interval?.low).toBeCloseTo(0.16121482343393512, 7)
  expect(row?.interval?.high).toBeCloseTo(0.19538538216935442, 7)
  expect(only(document, 'brier_score')?.candidate).toBeCloseTo(0.17055564708840348, 12)
  expect(only(document, 'f1')?.candidate).toBeCloseTo(0.7451176765147721, 12)
  expect(only(document, 'f1')?.rule).toBeNull()
  expect(document.confusion).toEqual({
    labels: ['0', '1'],
    counts: [
      [1494, 498],
      [520, 1488],
    ],
  })
  expect(document.evidence).toBe('held-out')
  expect(document.baseline).toMatchObject({ kind: 'file', paired: true, digest: digestOf(files['bad.csv']) })
  expect(document.summary).toMatch(/^roc_auc 0\.826 \[0\.812, 0\.838\] vs baseline 0\.647: /)
})

test('a worse candidate fails, and the sentence says by how much', async () => {
  const { document } = await gate({ files, settings: { candidate: 'bad.csv', baseline: 'good.csv' } })
  expect(document.verdict).toBe('fail')
  expect(only(document, 'roc_auc')?.status).toBe('fail')
  // The one-sided 95 % bound on the loss is 0.16396 (DeLong).
  expect(document.summary).toContain('vs baseline 0.826')
  expect(document.summary).toContain('loss at least 0.164, margin 0.02')
})

test('too few rows are inconclusive, never a pass', async () => {
  const few = makeFlights(60)
  const policy = [{ metric: 'roc_auc', min: 0.6 }]
  const small = { 'test.csv': labelledCsv(few), 'good.csv': predictionCsv(few, 'bad') }
  const { document } = await gate({ files: small, settings: { policy } })
  expect(document.verdict).toBe('inconclusive')
  // AUC 0.602892 with DeLong's standard error 0.07487: on the logit scale − 1.64485 and + 1.69387 times
  // 0.07487 / (0.602892 · 0.397108); above, alpha is 0.05 / (1 + 20 · 0.005377), with the influences' skewness over six.
  expect(document.summary).toContain('value between 0.476 and 0.721, floor 0.6')
})

test('without a policy nothing is checked, which is inconclusive', async () => {
  const { document } = await gate({ files, settings: { policy: undefined, metrics: ['accuracy'] } })
  expect(document.verdict).toBe('inconclusive')
  expect(only(document, 'accuracy')?.candidate).toBeCloseTo(0.7455, 12)
})

test('a limit that needs a baseline is inconclusive without one', async () => {
  const { document } = await gate({ files, settings: {} })
  expect(document.verdict).toBe('inconclusive')
  expect(document.summary).toContain('Set `evaluate-gate.baseline: champion`.')
})

test('a rule that is not required warns at most', async () => {
  const policy = [
    { metric: 'roc_auc', min: 0.6 },
    { metric: 'accuracy', min: 0.99, required: false },
  ]
  const { document } = await gate({ files, settings: { policy } })
  expect(document.verdict).toBe('warn')
  expect(only(document, 'accuracy')?.status).toBe('warn')
})

test('without test data the evidence is self-reported and warns at best', async () => {
  const lines = all.map((row) => `${row.good},${row.late}`)
  const { document } = await gate({
    files: { 'own.csv': ['score,late', ...lines].join('\n') },
    settings: { testData: undefined, candidate: 'own.csv', policy: [{ metric: 'roc_auc', min: 0.6 }] },
  })
  expect(document).toMatchObject({ verdict: 'warn', evidence: 'self-reported', testData: null })
})

test('every value of a slice column is judged, with its own numbers', async () => {
  const policy = [
    { metric: 'roc_auc', slice: 'origin', maxLoss: 0.02 },
    { metric: 'roc_auc', slice: 'origin=JFK', min: 0.7 },
    { metric: 'roc_auc', slice: 'origin', maxGap: 0.2 },
  ]
  const { document } = await gate({ files, settings: { policy, baseline: 'bad.csv' } })
  expect(document.verdict).toBe('pass')
  expect(only(document, 'roc_auc', 'origin=EWR')?.candidate).toBeCloseTo(0.8243231696348265, 12)
  expect(only(document, 'roc_auc', 'origin=JFK')?.candidate).toBeCloseTo(0.8130583171241265, 12)
  expect(only(document, 'roc_auc', 'origin=LGA')?.candidate).toBeCloseTo(0.8397228627013008, 12)
  const gap = only(document, 'roc_auc', 'origin')
  expect(gap?.candidate).toBeCloseTo(0.8397228627013008 - 0.8130583171241265, 12)
  expect(gap?.reason).toContain('origin=JFK 0.813 and origin=LGA 0.840')
})

test('a gap is not judged past a slice in which the metric is undefined', async () => {
  // Of 500 flights from EWR every one was late.
  const some = all.map((row, i) => (i < 500 ? { ...row, origin: 'EWR', late: 1 } : { ...row, origin: 'JFK' }))
  const others = some.map((row, i) => (i % 2 === 0 && row.origin === 'JFK' ? { ...row, origin: 'LGA' } : row))
  const sliced = { ...files, 'test.csv': labelledCsv(others) }
  const policy = (maxGap: number) => [{ metric: 'roc_auc', slice: 'origin', maxGap }]
  const { document } = await gate({ files: sliced, settings: { policy: policy(0.2) } })
  expect(document.verdict).toBe('inconclusive')
  expect(document.summary).toContain('origin=EWR cannot be judged: all rows have one class.')
  expect(only(document, 'roc_auc', 'origin')?.interval).toBeNull()
  // The gap between the others is one, whatever that slice would have.
  const split = others.map((row) => ({ ...row, good: row.origin === 'LGA' ? row.good : 1 - row.good }))
  const apart = await gate({
    files: { ...sliced, 'good.csv': predictionCsv(split, 'good') },
    settings: { policy: policy(0.2) },
  })
  expect(apart.document.verdict).toBe('fail')
  expect(apart.document.summary).toMatch(/gap at least 0\.[56]\d+, limit 0\.2\. origin=EWR cannot be judged/)
})

test('a gap names the slices that have too few rows to count', async () => {
  const some = all.map((row, i) => ({ ...row, origin: i < 30 ? 'BOS' : i < 40 ? 'DCA' : row.origin }))
  const sliced = { ...files, 'test.csv': labelledCsv(some) }
  const policy = [{ metric: 'roc_auc', slice: 'origin', maxGap: 0.2 }]
  const { document } = await gate({ files: sliced, settings: { policy } })
  expect(document.verdict).toBe('pass')
  expect(document.summary).toContain('Left out, with fewer than 200 rows: origin=BOS, origin=DCA.')
  const tiny = { ...sliced, 'test.csv': labelledCsv(all.map((row, i) => ({ ...row, origin: i < 9 ? 'BOS' : 'EWR' }))) }
  const alone = await gate({ files: tiny, settings: { policy } })
  expect(alone.document.verdict).toBe('inconclusive')
  expect(alone.document.summary).toContain('Left out, with fewer than 200 rows: origin=BOS.')
})

test('a slice with too few rows is reported only, unless it is required', async () => {
  const some = all.map((row, i) => ({ ...row, origin: i < 50 ? 'JFK' : 'EWR' }))
  const sliced = { ...files, 'test.csv': labelledCsv(some) }
  const rule = { metric: 'roc_auc', slice: 'origin', min: 0.75 }
  const lenient = await gate({ files: sliced, settings: { policy: [rule] } })
  expect(lenient.document.verdict).toBe('pass')
  expect(only(lenient.document, 'roc_auc', 'origin=JFK')).toMatchObject({ rows: 50, rule: null })
  const strict = await gate({ files: sliced, settings: { policy: [{ ...rule, required: true }] } })
  expect(strict.document.verdict).toBe('inconclusive')
  const idle = await gate({
    files: sliced,
    settings: {
      policy: [
        { metric: 'roc_auc', min: 0.6 },
        { ...rule, slice: 'origin=JFK' },
      ],
    },
  })
  expect(idle.document.verdict).toBe('warn')
  const absent = await gate({ files: sliced, settings: { policy: [{ ...rule, slice: 'origin=JFX' }] } })
  expect(absent.document.verdict).toBe('inconclusive')
  expect(absent.document.summary).toContain('Did you mean origin=JFK?')
})

test('regression is judged by its errors, of which less is better', async () => {
  const lines = (scale: number) => all.map(({ id, good, bad }) => `${id},${10 * good + scale * (bad - 0.5)}`)
  const some = {
    'test.csv': ['id,late', ...all.map(({ id, good }) => `${id},${10 * good}`)].join('\n'),
    'close.csv': ['id,prediction', ...lines(1)].join('\n'),
    'far.csv': ['id,prediction', ...lines(2)].join('\n'),
  }
  const policy = [
    { metric: 'rmse', max: 0.3, maxLoss: 0.05, relative: true },
    { metric: 'mae', minGain: 0.1 },
  ]
  const { document } = await gate({ files: some, settings: { candidate: 'close.csv', baseline: 'far.csv', policy } })
  expect(document).toMatchObject({ verdict: 'pass', task: 'regression', confusion: null, calibration: null })
  expect(only(document, 'rmse')?.candidate).toBeCloseTo(0.21158552145215895, 12)
  expect(only(document, 'mae')?.difference).toBeCloseTo(0.17718409639191812 - 0.3543681927838363, 12)
  const worse = await gate({ files: some, settings: { candidate: 'far.csv', baseline: 'close.csv', policy } })
  expect(worse.document.verdict).toBe('fail')
  expect(worse.document.summary).toMatch(/loss at least 0\.2\d+, margin 0\.01058/)
})

test('a few rows decide no rule that rests on resampling, and the sentence says how many it takes', async () => {
  const few = (rows: number) => ({
    'test.csv': ['id,late', ...all.slice(0, rows).map(({ id, good }) => `${id},${good}`)].join('\n'),
    'close.csv': ['id,prediction', ...all.slice(0, rows).map(({ id, good }) => `${id},${good}`)].join('\n'),
    'far.csv': ['id,prediction', ...all.slice(0, rows).map(({ id, good, bad }) => `${id},${(good + bad) / 2}`)].join(
      '\n',
    ),
  })
  const judged = (rows: number, rule: Rule, candidate = 'far.csv') =>
    gate({ files: few(rows), settings: { candidate, baseline: 'far.csv', policy: [rule] } })
  for (const [rows, rule, candidate] of [
    [3, { metric: 'mae', max: 5 }, 'far.csv'],
    [2, { metric: 'r2', min: 0.5 }, 'close.csv'],
    [99, { metric: 'rmse', maxLoss: 5 }, 'close.csv'],
    [99, { metric: 'rmse', maxLoss: 5, relative: true }, 'close.csv'],
  ] as const) {
    const { document } = await judged(rows, rule, candidate)
    expect(document.verdict).toBe('inconclusive')
    expect(document.summary).toContain(`: resampling takes 100 rows, and there are ${rows}.`)
    expect(document.metrics[0]?.interval).toBeNull()
  }
  expect((await judged(100, { metric: 'mae', max: 5 })).document.verdict).toBe('pass')
})

test('one class, empty test data and scores that are no probabilities are errors', async () => {
  const one = all.map((row) => ({ ...row, late: 1 }))
  expect(await told({ files: { ...files, 'test.csv': labelledCsv(one) } })).toEqual([
    expect.stringContaining('has one class only: every label is "1".'),
  ])
  expect(await told({ files: { ...files, 'test.csv': 'id,late,origin\n' } })).toEqual(['holds no rows.'])
  const large = all.map((row) => ({ ...row, good: row.good * 2 }))
  const scaled = { ...files, 'good.csv': predictionCsv(large, 'good') }
  const policy = [{ metric: 'brier_score', max: 0.3 }]
  expect((await told({ files: scaled, settings: { policy } })).join()).toContain('score is outside of 0 to 1')
  // Ranks need no probabilities.
  const ranked = await gate({ files: scaled, settings: { policy: [{ metric: 'roc_auc', min: 0.6 }] } })
  expect(ranked.document.verdict).toBe('pass')
})

test('several classes are judged by label metrics, and by one score column each', async () => {
  const classes = ['A', 'B', 'C']
  const lines = all.map(({ id, good, bad }) => {
    const sum = good + bad + 1
    return `${id},${classes[Math.min(2, Math.floor(good * 3))]},${good / sum},${bad / sum},${1 / sum}`
  })
  const some = {
    'test.csv': ['id,late', ...all.map(({ id }, i) => `${id},${classes[i % 3]}`)].join('\n'),
    'three.csv': ['id,prediction,a,b,c', ...lines].join('\n'),
  }
  const policy = [
    { metric: 'accuracy', min: 0.2 },
    { metric: 'log_loss', max: 2 },
  ]
  const { document } = await gate({
    files: some,
    settings: { candidate: 'three.csv', policy, metrics: ['f1_macro'], score: ['a', 'b', 'c'], classes },
  })
  expect(document).toMatchObject({ verdict: 'pass', task: 'multiclass', calibration: null })
  expect(only(document, 'accuracy')?.candidate).toBeCloseTo(0.3325, 12)
  expect(only(document, 'f1_macro')?.candidate).toBeCloseTo(0.3324785248533416, 12)
  expect(only(document, 'log_loss')?.candidate).toBeCloseTo(1.2650332221208056, 10)
})

test('mistakes in a policy file are told with their line', async () => {
  const text = 'policy:\n  - { metric: roc_auc, min: 0.6 }\n  - { metric: roc_auc, maximum: 1 }\n'
  const error = await gate({ files: { ...files, 'policy.yaml': text }, settings: { policy: 'policy.yaml' } }).catch(
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(UserError)
  expect((error as UserError).problems[0]).toMatchObject({ where: { file: 'policy.yaml', line: 3 } })
  expect((error as UserError).message).toContain('maximum')
})

test.each([
  [{ policy: [{ metric: 'roc_auk', min: 0.6 }] }, 'there is no metric "roc_auk". Did you mean "roc_auc"?'],
  [{ policy: [{ metric: 'roc_auc' }] }, 'roc_auc has no limit.'],
  [{ policy: [{ metric: 'roc_auc', maxGap: 0.1 }] }, '`max-gap` holds between the values of a column.'],
  [
    {
      policy: [
        { metric: 'roc_auc', min: 0.6 },
        { metric: 'rmse', max: 1 },
      ],
    },
    'one model cannot be judged by',
  ],
  [{ score: 'scor' }, 'has no column "scor". Did you mean "score"?'],
  [{ label: 'lat' }, 'has no column "lat". Did you mean "late"?'],
  [{ positive: 'yes' }, 'has no label "yes": the labels are "0", "1".'],
  [{ label: 'origin' }, 'has 3 labels: "EWR", "JFK", "LGA". Exactly two are needed for roc_auc.'],
  [{ testData: 'absent.csv' }, 'there is no such file.'],
  [{ slices: ['id'] }, 'the slice column id has 4000 values'],
])('what the user must mend: %o', async (settings, message) => {
  expect((await told({ files, settings })).join('\n')).toContain(message)
})
