import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Document, Evaluation, Model, Rule } from '@headgate/core'
import { commonSettings, digestOf, documentSchema, OutsideError, strictJson, UserError } from '@headgate/core'
import { renderMarkdown } from '@headgate/reports'
import type { Nodes } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Base, Ports, Versions } from './ports.ts'
import { run } from './run.ts'
import { type GateSettings, stage } from './stage.ts'

// The rows of a linear congruential generator. Constants below were computed from the same rows with scikit-learn 1.9
// and SciPy (DeLong's variance by its definition).
interface Row {
  readonly id: string
  readonly late: number
  readonly origin: string
  readonly good: number
  readonly bad: number
}

function rows(count: number): Row[] {
  let state = 20130101
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return Array.from({ length: count }, (_, i) => {
    const [good, truth, noise] = [next(), next(), next()]
    const origin = ['EWR', 'JFK', 'LGA'][i % 3] ?? ''
    return { id: `flight ${i}`, late: truth < good ? 1 : 0, origin, good, bad: 0.35 * good + 0.65 * noise }
  })
}

const testCsv = (all: readonly Row[]): string =>
  ['id,late,origin', ...all.map((row) => `${row.id},${row.late},${row.origin}`)].join('\n')
const predictionCsv = (all: readonly Row[], score: 'good' | 'bad'): string =>
  [
    'score,id,prediction',
    // In another order than the test data.
    ...all.toReversed().map((row) => `${row[score]},${row.id},${row[score] >= 0.5 ? 1 : 0}`),
  ].join('\n')

interface Scenario {
  readonly files?: Readonly<Record<string, string>>
  readonly settings?: Readonly<Record<string, unknown>>
  readonly versions?: Partial<Versions>
  readonly base?: Base
  readonly command?: (variables: Readonly<Record<string, string>>) => Promise<void>
}

const strictRules: readonly Rule[] = [{ metric: 'roc_auc', min: 0.6, maxLoss: 0.02 }]

async function workspaceOf(files: Readonly<Record<string, string>>): Promise<string> {
  const workspace = await mkdtemp(join(tmpdir(), 'headgate-gate-'))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(workspace, name)), { recursive: true })
    await writeFile(join(workspace, name), text)
  }
  return workspace
}

function settingsOf(given: Readonly<Record<string, unknown>>, workspace: string): GateSettings {
  const all = z.object({ ...commonSettings.shape, ...stage.settings.shape })
  const parsed = all.parse({ testData: 'test.csv', label: 'late', policy: strictRules, ...given })
  return { ...parsed, model: 'delays', workFolder: join(workspace, 'work'), failOn: 'inconclusive' }
}

async function gate(scenario: Scenario): Promise<{ document: Document<'evaluation'>; said: string[] }> {
  const workspace = await workspaceOf(scenario.files ?? {})
  const said: string[] = []
  const tell = (message: string): void => void said.push(message)
  const unreachable = async (): Promise<never> => {
    throw new OutsideError({ tried: 'Asked the registry.', state: 'It did not answer.', next: 'Run again.' })
  }
  const versions: Versions = {
    find: unreachable,
    list: unreachable,
    wasPromoted: unreachable,
    fetchModel: unreachable,
    fetchAttachments: unreachable,
    ...scenario.versions,
  }
  const ports: Ports = {
    log: { info: tell, notice: tell, warning: tell },
    workspace,
    temporary: join(workspace, 'temporary'),
    versions: async () => versions,
    base: scenario.base,
    command: async (_argv, variables) => scenario.command?.(variables),
  }
  const settings = settingsOf(scenario.settings ?? {}, workspace)
  const findings = await run(settings, ports)
  const document = documentSchema('evaluation').parse({
    schema: 'headgate/evaluation@1',
    verdict: findings.verdict,
    summary: findings.summary,
    model: 'delays',
    commit: '',
    createdAt: '2013-08-01T00:00:00Z',
    tool: 'headgate 0',
    runner: { kind: 'local', event: 'dispatch', os: 'linux' },
    inputs: findings.inputs,
    durationMs: 0,
    ...findings.body,
  })
  JSON.parse(strictJson(document))
  return { document, said }
}

async function problemsOf(scenario: Scenario): Promise<string[]> {
  const error = await gate(scenario).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`)
  return error.problems.map(({ what, fix }) => `${what} ${fix ?? ''}`.trim())
}

const all = rows(4000)
const files = {
  'test.csv': testCsv(all),
  'work/output/predictions.csv': predictionCsv(all, 'good'),
  'good.csv': predictionCsv(all, 'good'),
  'bad.csv': predictionCsv(all, 'bad'),
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
  expect(document.summary).toMatch(/^roc_auc 0\.826 \[0\.813, 0\.838\] vs baseline 0\.647: /)
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
  const few = rows(60)
  const policy = [{ metric: 'roc_auc', min: 0.6 }]
  const small = { 'test.csv': testCsv(few), 'work/output/predictions.csv': predictionCsv(few, 'bad') }
  const { document } = await gate({ files: small, settings: { policy } })
  expect(document.verdict).toBe('inconclusive')
  // AUC 0.602892 with DeLong's standard error 0.07486: on the logit scale ± 1.64485 · 0.07486 / (0.602892 · 0.397108).
  expect(document.summary).toContain('value between 0.476 and 0.717, floor 0.6')
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

const noVersions: Partial<Versions> = {
  find: async () => undefined,
  list: async () => [],
  wasPromoted: async () => false,
}

test('no champion yet is refused without bootstrap, and accepted with it while floors hold', async () => {
  const settings = { baseline: 'champion' }
  const refused = await gate({ files, settings, versions: noVersions })
  expect(refused.document).toMatchObject({ verdict: 'no-baseline', bootstrap: false })
  const first = await gate({ files, settings: { ...settings, bootstrap: true }, versions: noVersions })
  expect(first.document).toMatchObject({ verdict: 'pass', bootstrap: true, baseline: { kind: 'none', paired: false } })
  const floor = [{ metric: 'roc_auc', min: 0.9, maxLoss: 0.02 }]
  const low = await gate({ files, settings: { ...settings, bootstrap: true, policy: floor }, versions: noVersions })
  expect(low.document).toMatchObject({ verdict: 'fail', bootstrap: false })
  const bare = [{ metric: 'roc_auc', maxLoss: 0.02 }]
  const bareRun = await gate({ files, settings: { ...settings, bootstrap: true, policy: bare }, versions: noVersions })
  expect(bareRun.document).toMatchObject({ verdict: 'warn', bootstrap: true })
})

test('bootstrap holds no longer once a version is registered or was promoted', async () => {
  const settings = { baseline: 'champion', bootstrap: true }
  const registered = await gate({ files, settings, versions: { ...noVersions, list: async () => ['1.0.0'] } })
  expect(registered.document).toMatchObject({ verdict: 'no-baseline', bootstrap: false })
  expect(registered.said.join(' ')).toContain('`bootstrap` is ignored')
  const promoted = await gate({ files, settings, versions: { ...noVersions, wasPromoted: async () => true } })
  expect(promoted.document.verdict).toBe('no-baseline')
})

test('a registry that does not answer is never the same as no baseline', async () => {
  const settings = { baseline: 'champion', bootstrap: true }
  await expect(gate({ files, settings })).rejects.toBeInstanceOf(OutsideError)
  const halfway = {
    ...noVersions,
    wasPromoted: () => Promise.reject(new OutsideError({ tried: '', state: '', next: '' })),
  }
  await expect(gate({ files, settings, versions: halfway })).rejects.toBeInstanceOf(OutsideError)
})

const modelFile = { path: 'model.json', digest: digestOf('{}'), bytes: 2 }
const champion: Model = {
  name: 'delays',
  version: '1.2.0',
  digest: digestOf('tree'),
  files: [modelFile],
  attachments: [
    { path: 'predictions.csv', digest: digestOf('p'), bytes: 1 },
    { path: 'evaluation.json', digest: digestOf('e'), bytes: 1 },
  ],
  aliases: ['champion'],
  lineage: {
    commit: null,
    training: null,
    data: [],
    environment: null,
    evaluation: null,
    validation: null,
    imported: false,
  },
  registry: { kind: 'git', location: '.', reference: 'delays@v1.2.0' },
  store: { kind: 'directory', location: '.' },
  signature: null,
}

/** A champion whose kept predictions are those of `bad`, of the rows of this test data. */
function championOf(testText: string, predictions: string): Partial<Versions> {
  return {
    find: async (wanted) => ('alias' in wanted && wanted.alias === 'champion' ? champion : undefined),
    fetchAttachments: async (_model, paths, into) => {
      const { document } = await gate({ files, settings: { policy: [{ metric: 'roc_auc', min: 0.6 }] } })
      const testData = { source: 'test.csv', digest: digestOf(testText), rows: 4000 }
      const kept: Record<string, string> = {
        'evaluation.json': JSON.stringify({ ...document, testData }),
        'predictions.csv': predictions,
      }
      for (const path of paths) await writeFile(join(into, path), kept[path] ?? '')
    },
    fetchModel: async (_model, into) => writeFile(join(into, 'model.json'), '{}'),
  }
}

test('the champion’s kept predictions serve while the test data are the same', async () => {
  const versions = championOf(files['test.csv'], files['bad.csv'])
  const { document } = await gate({ files, settings: { baseline: 'champion', bootstrap: true }, versions })
  expect(document.verdict).toBe('pass')
  expect(document.bootstrap).toBe(false)
  expect(document.baseline).toMatchObject({ kind: 'champion', version: '1.2.0', paired: true })
  expect(document.baseline.digest).toBe(digestOf(files['bad.csv']))
  expect(document.summary).toContain('vs champion v1.2.0 0.647')
})

test('on other test data the champion predicts again, and sees no labels', async () => {
  let seen = ''
  const { document } = await gate({
    files,
    settings: { baseline: 'champion', predict: 'python predict.py' },
    versions: championOf('other rows', 'not of these rows'),
    command: async (variables) => {
      seen = await readFile(variables.HEADGATE_DATA ?? '', 'utf8')
      expect(await readFile(join(variables.HEADGATE_MODEL ?? '', 'model.json'), 'utf8')).toBe('{}')
      await writeFile(join(variables.HEADGATE_OUTPUT ?? '', 'predictions.csv'), files['bad.csv'])
    },
  })
  expect(document).toMatchObject({ verdict: 'pass', baseline: { version: '1.2.0', paired: true } })
  expect(seen.split('\n')[0]).toBe('id,origin')
  expect(seen).not.toContain('late')
})

test('a champion that cannot predict leaves the comparison open, with the line that mends it', async () => {
  const versions = championOf('other rows', 'not of these rows')
  const { document } = await gate({ files, settings: { baseline: 'champion' }, versions })
  expect(document).toMatchObject({
    verdict: 'inconclusive',
    baseline: { version: '1.2.0', paired: false, digest: null },
  })
  expect(document.summary).toContain('set `evaluate-gate.predict`')
})

test('a candidate without predictions is scored by `predict`', async () => {
  const { document } = await gate({
    files: { 'test.csv': files['test.csv'], 'work/output/model/model.json': '{}' },
    settings: { predict: ['python', 'predict.py'], policy: [{ metric: 'roc_auc', min: 0.6 }] },
    command: async (variables) =>
      writeFile(join(variables.HEADGATE_OUTPUT ?? '', 'predictions.csv'), files['good.csv']),
  })
  expect(document.verdict).toBe('pass')
  expect(document.candidate.digest).toBe(digestOf(files['good.csv']))
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

test('a slice with too few rows is reported only, unless it is required', async () => {
  const some = all.map((row, i) => ({ ...row, origin: i < 50 ? 'JFK' : 'EWR' }))
  const sliced = { ...files, 'test.csv': testCsv(some) }
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

function nodesOf(node: Nodes): Nodes[] {
  return 'children' in node ? [node, ...node.children.flatMap(nodesOf)] : [node]
}

test('slice names are data: no markup, no link and no mention comes of them', async () => {
  const hostile = '<img src=x onerror=alert(1)>|`@octocat` [x](https://example.org)'
  const some = all.map((row, i) => ({ ...row, origin: i % 2 ? `"${hostile}"` : '=cmd' }))
  const policy = [{ metric: 'roc_auc', slice: 'origin', min: 0.6 }]
  const { document } = await gate({ files: { ...files, 'test.csv': testCsv(some) }, settings: { policy } })
  expect(only(document, 'roc_auc', `origin=${hostile}`)?.rows).toBe(2000)
  expect(only(document, 'roc_auc', 'origin==cmd')?.rows).toBe(2000)
  const { text } = renderMarkdown([stage.report(document)], { title: 'delays', footer: '' })
  const nodes = nodesOf(fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }))
  expect(nodes.filter((node) => node.type === 'link' || node.type === 'image')).toEqual([])
  expect(nodes.filter((node) => node.type === 'html' && /img|onerror/.test(node.value))).toEqual([])
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

test('mistakes in the rows are told all at once, with up to ten ids', async () => {
  const changed = [...all.slice(12), ...all.slice(20, 21), { ...all[0], id: 'stranger' } as Row]
  const problems = await problemsOf({
    files: { ...files, 'cut.csv': predictionCsv(changed, 'good') },
    settings: { candidate: 'cut.csv', baseline: 'absent.csv' },
  })
  expect(problems).toEqual([
    expect.stringContaining('has 1 duplicate id: "flight 20".'),
    expect.stringMatching(/^lacks 12 ids of the test rows: "flight 0", .*"flight 9" and 2 more\./),
    expect.stringContaining('has 1 id that no test row has: "stranger".'),
    'there is no such file.',
  ])
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
  [{ baseline: 'work/metrics.json' }, 'metrics.json is never a baseline'],
  [{ slices: ['id'] }, 'the slice column id has 4000 values'],
])('what the user must mend: %o', async (settings, message) => {
  expect((await problemsOf({ files, settings })).join('\n')).toContain(message)
})

test('one class, empty test data and scores that are no probabilities are errors', async () => {
  const one = all.map((row) => ({ ...row, late: 1 }))
  expect(await problemsOf({ files: { ...files, 'test.csv': testCsv(one) } })).toEqual([
    expect.stringContaining('has one class only: every label is "1".'),
  ])
  expect(await problemsOf({ files: { ...files, 'test.csv': 'id,late,origin\n' } })).toEqual(['holds no rows.'])
  const large = all.map((row) => ({ ...row, good: row.good * 2 }))
  const scaled = { ...files, 'work/output/predictions.csv': predictionCsv(large, 'good') }
  const policy = [{ metric: 'brier_score', max: 0.3 }]
  expect((await problemsOf({ files: scaled, settings: { policy } })).join()).toContain('score is outside of 0 to 1')
  // Ranks need no probabilities.
  const ranked = await gate({ files: scaled, settings: { policy: [{ metric: 'roc_auc', min: 0.6 }] } })
  expect(ranked.document.verdict).toBe('pass')
})

/** A base branch with these settings and files. */
function baseOf(
  settings: Readonly<Record<string, unknown>> | undefined,
  texts: Readonly<Record<string, string>> = {},
): Base {
  return {
    ref: 'main',
    read: async (path) => texts[path],
    digest: async (path) => (texts[path] === undefined ? undefined : digestOf(texts[path])),
    settings: async () =>
      settings === undefined
        ? { settings: undefined, reason: 'main has no headgate.yml.' }
        : { settings: settingsOf({ ...settings }, '/') },
  }
}

test('on a pull request the base branch’s policy holds, and a change to it is shown', async () => {
  const own = { candidate: 'bad.csv', baseline: 'good.csv', policy: [{ metric: 'roc_auc', min: 0.1 }], bootstrap: true }
  const base = baseOf({ baseline: 'good.csv', policy: strictRules })
  const { document } = await gate({ files, settings: own, base })
  expect(document.verdict).toBe('fail')
  expect(document.policy).toMatchObject({ path: 'headgate.yml', ref: 'main' })
  expect(document.policy.changed?.split('\n')).toEqual([
    '- { metric: roc_auc, min: 0.6, max-loss: 0.02 }',
    '+ { metric: roc_auc, min: 0.1 }',
    '+ bootstrap: true',
  ])
})

test('a policy file is read from the base branch too', async () => {
  const base = baseOf({ policy: 'gate/policy.yaml' }, { 'gate/policy.yaml': '- { metric: roc_auc, min: 0.9 }' })
  const own = { ...files, 'gate/policy.yaml': '- { metric: roc_auc, min: 0.1 }' }
  const { document } = await gate({ files: own, settings: { policy: 'gate/policy.yaml' }, base })
  expect(document.verdict).toBe('fail')
  expect(document.policy.changed).toContain('+ { metric: roc_auc, min: 0.1 }')
})

test('without a policy on the base branch the pull request’s own holds, and warns at best', async () => {
  const settings = { policy: [{ metric: 'roc_auc', min: 0.6 }] }
  const { document } = await gate({ files, settings, base: baseOf(undefined) })
  expect(document.verdict).toBe('warn')
  expect(document.summary).toContain('The policy is the pull request’s own: main has no headgate.yml.')
})

test('what the base branch leaves open may be filled in, which warns at best', async () => {
  const policy = [{ metric: 'roc_auc', min: 0.6 }]
  const base = baseOf({ policy, testData: undefined })
  const { document } = await gate({ files, settings: { policy }, base })
  expect(document.verdict).toBe('warn')
  expect(document.summary).toContain('`test-data` is the pull request’s own')
  expect((await gate({ files, settings: { policy }, base: baseOf({ policy }) })).document.verdict).toBe('pass')
})

test('test rows that the pull request changes warn at best', async () => {
  const policy = [{ metric: 'roc_auc', min: 0.6 }]
  const same = await gate({ files, settings: { policy }, base: baseOf({ policy }, { 'test.csv': files['test.csv'] }) })
  expect(same.document.verdict).toBe('pass')
  const other = await gate({ files, settings: { policy }, base: baseOf({ policy }, { 'test.csv': 'id,late' }) })
  expect(other.document.verdict).toBe('warn')
  expect(other.document.summary).toContain('test.csv is the pull request’s own: main has other rows.')
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
