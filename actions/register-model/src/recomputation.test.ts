import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Document } from '@headgate/core'
import { digestOf, Refusal } from '@headgate/core'
import { expect, test } from 'vitest'
import {
  forge,
  judged,
  name,
  predictionsOf,
  real,
  type Site,
  type Story,
  settingsText,
  site,
  testCsv,
  usual,
} from '../test/site.ts'
import { run, stage } from './index.ts'

/** The sentences of the refusal, which must leave no tag behind that was not there. */
async function refusalOf(place: Site, more: Partial<Site['settings']> = {}): Promise<string> {
  const before = real(place.remote, 'for-each-ref')
  const error = await run({ ...place.settings, ...more }, place.ports).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Refusal)) throw new Error(`expected a Refusal, got ${String(error)}`)
  expect(real(place.remote, 'for-each-ref')).toBe(before)
  return error.message
}

type Evaluation = Document<'evaluation'>

const at = (place: Site, file: string) => join(place.workspace, file)
const output = (place: Site) => join(place.workFolder, 'output/predictions.csv')

/** Says that the gate passed, in every part of the document that a reader looks at. */
function passed(document: Evaluation): void {
  document.verdict = 'pass'
  document.summary = 'All is well.'
  for (const row of document.metrics) row.status = 'pass'
}

/** A clone with a champion: the model `old`, of which every sixth prediction is wrong. */
async function withChampion(): Promise<Site> {
  const place = await site()
  await judged(place, { content: 'old', wrongEvery: 6 })
  await run({ ...place.settings, alias: 'champion' }, place.ports)
  return place
}

test('a forged verdict is refused with the one that was recomputed', async () => {
  const place = await site()
  expect((await judged(place, { wrongEvery: 2 })).verdict).toBe('fail')
  await forge(place, 'evaluation', passed)
  const said = await refusalOf(place)
  // 120 of 240 are right.
  expect(said).toContain('evaluation.json says pass; recomputed from the predictions it is fail: accuracy 0.500 [')
  expect(said).toContain('accuracy, status: evaluation.json says pass; recomputed it is fail.')
  expect(said).toContain('gate again')
})

test.each<[string, (document: Evaluation) => void, string]>([
  [
    'value',
    ({ metrics }) => Object.assign(metrics[0] ?? {}, { candidate: 0.99 }),
    // 220 of 240 are right.
    'accuracy, candidate: evaluation.json says 0.99; recomputed it is 0.916666',
  ],
  [
    'interval',
    ({ metrics }) => Object.assign(metrics[0]?.interval ?? {}, { low: 0.915 }),
    'accuracy, interval: evaluation.json says {"low":0.915,',
  ],
  [
    'rule',
    ({ metrics }) => Object.assign(metrics[0]?.rule ?? {}, { min: 0.1 }),
    'evaluation.json lacks the row accuracy under {"metric":"accuracy","min":0.6}, which is pass.',
  ],
  [
    'row that is not there',
    (document) => document.metrics.push({ ...document.metrics[0], slice: 'origin=EWR' } as never),
    'evaluation.json has a row accuracy in origin=EWR under',
  ],
  ['bootstrap', (document) => Object.assign(document, { bootstrap: false }), 'bootstrap: evaluation.json says false'],
  ['seed', (document) => Object.assign(document, { seed: 8 }), 'The seed is 7 here; the gate used 8.'],
  [
    'confusion',
    ({ confusion }) => void confusion?.counts.reverse(),
    'The confusion in evaluation.json is not the recomputed one.',
  ],
  [
    'policy',
    ({ policy }) => Object.assign(policy, { digest: digestOf('weaker') }),
    `is not the one that the gate held to (${digestOf('weaker')})`,
  ],
  [
    'baseline',
    ({ baseline }) => Object.assign(baseline, { kind: 'file', digest: digestOf('x'), paired: true }),
    'The gate compared with a file of predictions; by headgate.yml here it is nothing.',
  ],
])('a forged %s is refused', async (_what, change, sentence) => {
  const place = await site()
  await judged(place)
  await forge(place, 'evaluation', change)
  expect(await refusalOf(place)).toContain(sentence)
})

test('a model that was judged by a weaker policy than the checkout’s is refused, although it met that', async () => {
  const place = await site()
  await writeFile(at(place, 'headgate.yml'), usual.replace('min: 0.6', 'min: 0.1'))
  expect((await judged(place, { wrongEvery: 2 })).verdict).toBe('pass')
  await writeFile(at(place, 'headgate.yml'), usual)
  const told = await refusalOf(place)
  expect(told).toMatch(/^The policy of headgate\.yml here \(sha256:\w+\) is not the one that the gate held to/)
  // With the digest of the checkout's policy, its rows give it away.
  const digest = /here \((sha256:\w+)\)/.exec(told)?.[1] ?? ''
  await forge(place, 'evaluation', ({ policy }) => Object.assign(policy, { digest }))
  expect(await refusalOf(place)).toContain('evaluation.json says pass; recomputed from the predictions it is fail')
})

test('other test rows than those that were judged are refused, and so are none', async () => {
  const place = await site()
  await judged(place)
  const other = testCsv.replace('r0,0,', 'r0,1,')
  await writeFile(at(place, 'test.csv'), other)
  const digests = `${digestOf(other)}, not ${digestOf(testCsv)}.`
  expect(await refusalOf(place)).toContain(`The test data test.csv are others than the gate judged: ${digests}`)
  await rm(at(place, 'test.csv'))
  expect(await refusalOf(place)).toMatch(/test data test\.csv are not in this checkout\. Commit them, or bring them/)
})

test('evidence of another kind than the settings ask for is refused', async () => {
  const place = await site({ 'headgate.yml': settingsText('policy: [{ metric: accuracy, min: 0.6 }]') })
  await judged(place, { predictions: 'prediction,label\n'.concat('1,1\n0,0\n'.repeat(100)) })
  await writeFile(
    at(place, 'headgate.yml'),
    settingsText('test-data: test.csv', 'policy: [{ metric: accuracy, min: 0.6 }]'),
  )
  expect(await refusalOf(place)).toContain(
    'The gate judged self-reported evidence; headgate.yml names `test-data: test.csv`.',
  )
})

test('other predictions than those that were judged are refused, whatever the documents say of them', async () => {
  const place = await site()
  await judged(place, { wrongEvery: 2 })
  await forge(place, 'evaluation', passed)
  const better = predictionsOf('weights', 240)
  await writeFile(output(place), better)
  const bad = digestOf(predictionsOf('weights', 2))
  expect(await refusalOf(place)).toContain(
    `The predictions predictions.csv are others than the gate judged: ${digestOf(better)}, not ${bad}.`,
  )
  // With the digests of the better ones in both documents, the figures are still those of the worse.
  await forge(place, 'training', ({ predictions }) => Object.assign(predictions ?? {}, { digest: digestOf(better) }))
  await forge(place, 'evaluation', ({ candidate }) => Object.assign(candidate, { digest: digestOf(better) }))
  expect(await refusalOf(place)).toContain('accuracy, candidate: evaluation.json says 0.5; recomputed it is 0.9958')
})

test('predictions that were not handed over are missed, with the line that brings them', async () => {
  const place = await site()
  await judged(place)
  await rm(output(place))
  expect(await refusalOf(place)).toMatch(
    /predictions that the gate judged \(.*\) are not here\. Let `hand-over: artifact`/,
  )
})

test('the champion’s own predictions hold against weaker ones that were handed over', async () => {
  const place = await withChampion()
  // As if the champion were wrong in every second row: the challenger, wrong in every third, is worse than it really is.
  const weak = predictionsOf('old', 2)
  const document = await judged(place, { content: 'new', wrongEvery: 3, scored: weak })
  expect(document).toMatchObject({ verdict: 'pass', baseline: { version: '0.1.0', paired: true } })
  expect(await readFile(join(place.workFolder, 'evidence/baseline.csv'), 'utf8')).toBe(weak)
  const own = digestOf(predictionsOf('old', 6))
  expect(await refusalOf(place)).toBe(
    `The baseline’s predictions predictions.csv of v0.1.0 are others than the gate judged: ${own}, not ${digestOf(weak)}.`,
  )
})

/** A champion whose kept predictions are of other rows than those of today. */
async function withNewRows(): Promise<Site> {
  const place = await withChampion()
  await writeFile(at(place, 'test.csv'), testCsv.replace('r0,0,EWR,1', 'r0,1,EWR,1'))
  return place
}

test('a champion that was scored anew is held to what the first job handed over, and to its digest', async () => {
  const place = await withNewRows()
  const scored = predictionsOf('old', 6)
  const story: Story = { content: 'new', scored }
  expect(await judged(place, story)).toMatchObject({ verdict: 'pass', baseline: { digest: digestOf(scored) } })
  const baseline = join(place.workFolder, 'evidence/baseline.csv')
  const weak = predictionsOf('old', 2)
  await writeFile(baseline, weak)
  expect(await refusalOf(place)).toContain(`evidence/baseline.* are others than the gate judged: ${digestOf(weak)}`)
  await rm(baseline)
  expect(await refusalOf(place)).toMatch(/evidence\/baseline\.\* in the work folder\) are not here\. Let `hand-over/)
  await judged(place, story)
  const { body } = await run(place.settings, place.ports)
  expect(body.lineage.evaluation).toMatchObject({ verdict: 'pass', baseline: '0.1.0', recomputed: true })
  expect(body.attachments.map(({ path }) => path).sort()).toEqual([
    'evaluation.json',
    'predictions.csv',
    'training.json',
  ])
})

test('a model that is worse than the champion by the handed-over rows is refused under any document', async () => {
  const place = await withNewRows()
  await judged(place, { content: 'new', wrongEvery: 3, scored: predictionsOf('old', 6) })
  await forge(place, 'evaluation', passed)
  expect(await refusalOf(place)).toContain('evaluation.json says pass; recomputed from the predictions it is fail')
})

test.each<[string, readonly string[], Story]>([
  ['no baseline', ['test-data: test.csv', 'policy: [{ metric: accuracy, min: 0.6 }]'], {}],
  [
    'slices and weights',
    [
      'test-data: test.csv',
      'weight: weight',
      'slices: [origin]',
      'metrics: [f1]',
      'policy: [{ metric: accuracy, min: 0.6 }, { metric: accuracy, slice: origin, min: 0.5, required: true }]',
    ],
    {},
  ],
  [
    'scores and a file as baseline',
    [
      'test-data: test.csv',
      'baseline: old.csv',
      'policy: [{ metric: roc_auc, min: 0.6, max-loss: 0.1 }, { metric: brier_score, max: 0.3 }]',
    ],
    { predictions: scored(0.8) },
  ],
  [
    'regression',
    ['test-data: test.csv', 'label: weight', 'policy: [{ metric: rmse, max: 0.9 }, { metric: mae, max: 0.9 }]'],
    {
      predictions: [
        'id,prediction',
        ...Array.from({ length: 240 }, (_, i) => `r${i},${1.2 + (i % 4) + (i % 3) / 5}`),
      ].join('\n'),
    },
  ],
  [
    'its own labels',
    ['policy: [{ metric: accuracy, min: 0.6 }]'],
    { predictions: 'prediction,label\n'.concat('1,1\n0,0\n'.repeat(100)) },
  ],
])('an honest verdict on %s is recomputed and registered', async (what, lines, story) => {
  const place = await site({ 'headgate.yml': settingsText(...lines), 'old.csv': scored(0.7) })
  const { verdict } = await judged(place, story)
  expect(verdict).toBe(what === 'its own labels' ? 'warn' : 'pass')
  const found = await run(place.settings, place.ports)
  expect(found.body.lineage.evaluation).toMatchObject({ verdict, recomputed: true })
  const told = JSON.stringify(stage.report({ ...found, ...found.body } as never))
  expect(told).toContain('recomputed from the digested predictions')
})

/** Scores that are the label, blurred by a number of the row's place. */
function scored(sharpness: number): string {
  const lines = Array.from({ length: 240 }, (_, i) => {
    const noise = ((i * 7919) % 240) / 240
    return `r${i},${sharpness * (i % 2) + (1 - sharpness) * noise}`
  })
  return ['id,score', ...lines].join('\n')
}

test('what is registered and has its alias is not judged again: a second run needs no rows', async () => {
  const place = await site()
  await judged(place)
  await run(place.settings, place.ports)
  await rm(at(place, 'test.csv'))
  expect((await run(place.settings, place.ports)).summary).toMatch(/^Nothing new: flights 0\.1\.0/)
})

test('unless somebody says otherwise, a model that nobody can tell from the champion is a patch of it', async () => {
  const place = await withChampion()
  const settings = { ...place.settings, bump: 'auto' } as const
  await judged(place, { content: 'alike', wrongEvery: 6 })
  expect((await run(settings, place.ports)).body.version).toBe('0.1.1')
  await judged(place, { content: 'better', wrongEvery: 240 })
  expect((await run(settings, place.ports)).body.version).toBe('0.2.0')
})

test('a version that is registered gets no further alias on a forged verdict', async () => {
  const place = await withChampion()
  const { settings, ports } = place
  await judged(place, { content: 'second', wrongEvery: 6 })
  expect((await run(settings, ports)).body).toMatchObject({ version: '0.2.0', aliases: ['challenger'] })
  await judged(place, { content: 'third', wrongEvery: 240 })
  expect((await run({ ...settings, alias: 'champion' }, ports)).body.version).toBe('0.3.0')
  expect((await judged(place, { content: 'second', wrongEvery: 6 })).verdict).toBe('fail')
  await forge(place, 'evaluation', passed)
  expect(await refusalOf(place, { alias: 'champion' })).toContain('it is fail')
})

test('a registration that was cut off before its alias is judged again as the first that it is', async () => {
  const place = await site()
  await judged(place)
  await run(place.settings, place.ports)
  for (const at of [place.remote, place.workspace]) real(at, 'tag', '-d', `${name}#challenger#1`)
  expect((await run(place.settings, place.ports)).body).toMatchObject({ version: '0.1.0', aliases: ['challenger'] })
})

test('a first model is not accepted twice: the other that was judged beside it gates again', async () => {
  const place = await site()
  await judged(place, { content: 'one' })
  await run(place.settings, place.ports)
  const honest = await judged(place, { content: 'two' })
  expect(honest).toMatchObject({ verdict: 'no-baseline', bootstrap: false })
  await forge(place, 'evaluation', (document) => Object.assign(document, { verdict: 'pass', bootstrap: true }))
  expect(await refusalOf(place)).toMatch(/says pass; .* it is no-baseline: 0\.1\.0 is registered, but no version is/)
})

test('the rounding of another machine is no difference, a millionth is one', async () => {
  const place = await site()
  const { metrics } = await judged(place)
  const value = metrics[0]?.candidate ?? 0
  const scaleBy = (factor: number) =>
    forge(place, 'evaluation', (document) => Object.assign(document.metrics[0] ?? {}, { candidate: value * factor }))
  await scaleBy(1 + 1e-6)
  expect(await refusalOf(place)).toContain('accuracy, candidate: ')
  await scaleBy(1 + 1e-12)
  expect((await run(place.settings, place.ports)).body.version).toBe('0.1.0')
})

test('a dry run refuses what a run would refuse', async () => {
  const place = await site()
  await judged(place, { wrongEvery: 2 })
  await forge(place, 'evaluation', passed)
  expect(await refusalOf(place, { dryRun: true })).toContain('it is fail')
})

test('settings that cannot be read as the gate read them are refused with what is wrong', async () => {
  const place = await site()
  await judged(place)
  await writeFile(at(place, 'headgate.yml'), usual.replace('baseline:', 'label: truth\n      baseline:'))
  expect(await refusalOf(place)).toContain('of this checkout: test.csv: has no column "truth"')
})

test('a verdict that a base branch capped stays a warning', async () => {
  const place = await site()
  await judged(place)
  await forge(place, 'evaluation', (document) => {
    document.verdict = 'warn'
  })
  expect(await refusalOf(place)).toContain('evaluation.json says warn; recomputed from the predictions it is pass')
  await forge(place, 'evaluation', ({ policy }) => Object.assign(policy, { ref: 'origin/main' }))
  expect((await run(place.settings, place.ports)).verdict).toBe('warn')
})

test('a folder in the place of the baseline’s predictions is no predictions', async () => {
  const place = await withNewRows()
  await judged(place, { content: 'new', scored: predictionsOf('old', 6) })
  const baseline = join(place.workFolder, 'evidence/baseline.csv')
  await rm(baseline)
  await mkdir(baseline)
  expect(await refusalOf(place)).toContain('are not here')
})
