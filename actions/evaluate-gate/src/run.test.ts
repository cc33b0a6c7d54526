import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { BaseBranch } from '@headgate/base-branch'
import type { Document, Evaluation, Model, Rule } from '@headgate/core'
import { commonSettings, digestOf, documentSchema, OutsideError, strictJson, UserError } from '@headgate/core'
import type { GateSettings } from '@headgate/gate'
import { renderMarkdown } from '@headgate/reports'
import { type Flight, labelledCsv, makeFlights, predictionCsv } from '@headgate/testkit'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Ports, Versions } from './ports.ts'
import { run } from './run.ts'
import { stage } from './stage.ts'

interface Scenario {
  readonly files?: Readonly<Record<string, string>>
  readonly settings?: Readonly<Record<string, unknown>>
  readonly versions?: Partial<Versions>
  readonly base?: BaseBranch
  readonly tracked?: readonly string[]
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

async function gate(
  scenario: Scenario,
): Promise<{ document: Document<'evaluation'>; said: string[]; kept: Record<string, string> }> {
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
    isTracked: async (path) => scenario.tracked?.includes(path) ?? false,
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
  return { document, said, kept: await keptIn(workspace) }
}

/** What lies in the folder that a later job gets, by name. */
async function keptIn(workspace: string): Promise<Record<string, string>> {
  const folder = join(workspace, 'work/evidence')
  const names = await readdir(folder).catch(() => [])
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  )
}

async function problemsOf(scenario: Scenario): Promise<string[]> {
  const error = await gate(scenario).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`)
  return error.problems.map(({ what, fix }) => `${what} ${fix ?? ''}`.trim())
}

const all = makeFlights(4000)
const files = {
  'test.csv': labelledCsv(all),
  'work/output/predictions.csv': predictionCsv(all, 'good'),
  'good.csv': predictionCsv(all, 'good'),
  'bad.csv': predictionCsv(all, 'bad'),
}
const only = (document: Evaluation, metric: string, slice: string | null = null) =>
  document.metrics.filter((row) => row.metric === metric && row.slice === slice)[0]

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

test('a later job gets the baseline’s predictions, however they were found, and none of an earlier run', async () => {
  const stored = championOf(files['test.csv'], files['bad.csv'])
  const stale = { ...files, 'work/evidence/baseline.ndjson': '{}', 'work/evidence/candidate.csv': 'id' }
  const { kept } = await gate({ files: stale, settings: { baseline: 'champion' }, versions: stored })
  expect(kept).toEqual({ 'baseline.csv': files['bad.csv'] })
  const scored = await gate({
    files,
    settings: { baseline: 'champion', predict: 'python predict.py' },
    versions: championOf('other rows', 'not of these rows'),
    command: async (variables) => writeFile(join(variables.HEADGATE_OUTPUT ?? '', 'predictions.csv'), files['bad.csv']),
  })
  expect(scored.kept).toEqual({ 'baseline.csv': files['bad.csv'] })
  expect((await gate({ files: stale, settings: { policy: [{ metric: 'roc_auc', min: 0.6 }] } })).kept).toEqual({})
})

test('a dry run keeps nothing', async () => {
  expect((await gate({ files, settings: { baseline: 'bad.csv', dryRun: true } })).kept).toEqual({})
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

test('a candidate without predictions is scored by `predict`, and a later job gets what it said', async () => {
  const { document, kept } = await gate({
    files: { 'test.csv': files['test.csv'], 'work/output/model/model.json': '{}' },
    settings: { predict: ['python', 'predict.py'], policy: [{ metric: 'roc_auc', min: 0.6 }] },
    command: async (variables) =>
      writeFile(join(variables.HEADGATE_OUTPUT ?? '', 'predictions.csv'), files['good.csv']),
  })
  expect(document.verdict).toBe('pass')
  expect(document.candidate.digest).toBe(digestOf(files['good.csv']))
  expect(kept).toEqual({ 'candidate.csv': files['good.csv'] })
})

type Root = ReturnType<typeof fromMarkdown>
type Node = Root | Root['children'][number]

function nodesOf(node: Node): Node[] {
  return 'children' in node ? [node, ...node.children.flatMap(nodesOf)] : [node]
}

test('slice names are data: no markup, no link and no mention comes of them', async () => {
  const hostile = '<img src=x onerror=alert(1)>|`@octocat` [x](https://example.org)'
  const some = all.map((row, i) => ({ ...row, origin: i % 2 ? `"${hostile}"` : '=cmd' }))
  const policy = [{ metric: 'roc_auc', slice: 'origin', min: 0.6 }]
  const { document } = await gate({ files: { ...files, 'test.csv': labelledCsv(some) }, settings: { policy } })
  expect(only(document, 'roc_auc', `origin=${hostile}`)?.rows).toBe(2000)
  expect(only(document, 'roc_auc', 'origin==cmd')?.rows).toBe(2000)
  const { text } = renderMarkdown([stage.report(document)], { title: 'delays', footer: '' })
  const nodes = nodesOf(fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }))
  expect(nodes.filter((node) => node.type === 'link' || node.type === 'image')).toEqual([])
  expect(nodes.filter((node) => node.type === 'html' && /img|onerror/.test(node.value))).toEqual([])
})

test('mistakes in the rows are told all at once, with up to ten ids', async () => {
  const changed = [...all.slice(12), ...all.slice(20, 21), { ...all[0], id: 'stranger' } as Flight]
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

test('a baseline of figures that nobody can recompute is refused', async () => {
  const problems = await problemsOf({ files, settings: { baseline: 'work/metrics.json' } })
  expect(problems.join()).toContain('metrics.json is never a baseline')
})

/** A base branch with these settings and files. */
function baseOf(
  settings: Readonly<Record<string, unknown>> | undefined,
  texts: Readonly<Record<string, string>> = {},
): BaseBranch {
  const bytes = async (path: string) => (texts[path] === undefined ? undefined : Buffer.from(texts[path]))
  return {
    ref: 'main',
    bytes,
    read: async (path) => texts[path],
    digest: async (path) => (texts[path] === undefined ? undefined : digestOf(texts[path])),
    settings: async () =>
      settings === undefined
        ? { settings: undefined, reason: 'main has no headgate.yml.' }
        : ({ settings: settingsOf({ ...settings }, '/') } as never),
  }
}

test('on a pull request the base branch’s policy holds, and a change to it is shown', async () => {
  const own = { candidate: 'bad.csv', baseline: 'good.csv', policy: [{ metric: 'roc_auc', min: 0.1 }], bootstrap: true }
  const base = baseOf({ baseline: 'good.csv', policy: strictRules }, { 'good.csv': files['good.csv'] })
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

test('test rows that the pull request brings warn at best, those that a step of the job brings do not', async () => {
  const policy = [{ metric: 'roc_auc', min: 0.6 }]
  const scenario = { files, settings: { policy }, base: baseOf({ policy }) }
  const committed = await gate({ ...scenario, tracked: ['test.csv'] })
  expect(committed.document.verdict).toBe('warn')
  expect(committed.document.summary).toContain('test.csv is the pull request’s own: main does not have it.')
  expect((await gate(scenario)).document.verdict).toBe('pass')
})

test('a baseline that is a file is the base branch’s, whatever the pull request makes of it', async () => {
  const settings = { baseline: 'baseline.csv', candidate: 'bad.csv' }
  const flipped = files['good.csv'].replace(/,([\d.]+)$/gm, (_all, score) => `,${1 - Number(score)}`)
  const base = baseOf({ ...settings, policy: strictRules }, { 'baseline.csv': files['good.csv'] })
  const { document, kept } = await gate({ files: { ...files, 'baseline.csv': flipped }, settings, base })
  expect(document).toMatchObject({ verdict: 'fail', baseline: { kind: 'file', digest: digestOf(files['good.csv']) } })
  // A second job judges by the same file.
  expect(kept).toEqual({ 'baseline.csv': files['good.csv'] })
  expect((await gate({ files, settings, base })).document.baseline.digest).toBe(digestOf(files['good.csv']))
})

test('a baseline that the base branch does not have warns at best', async () => {
  const settings = { baseline: 'bad.csv', policy: strictRules }
  const { document, said } = await gate({ files, settings, base: baseOf(settings) })
  expect(document.verdict).toBe('warn')
  expect(document.summary).toContain('bad.csv is the pull request’s own: main does not have it.')
  expect(said).toContain('bad.csv is the pull request’s own: main does not have it.')
  expect(
    (await gate({ files, settings, base: baseOf(settings, { 'bad.csv': files['bad.csv'] }) })).document.verdict,
  ).toBe('pass')
})

test('a champion that a pull request’s own code scores anew warns at best', async () => {
  const settings = { baseline: 'champion', predict: 'python predict.py', policy: strictRules }
  const scenario = {
    files,
    settings,
    versions: championOf('other rows', 'not of these rows'),
    command: async (variables: Readonly<Record<string, string>>) =>
      writeFile(join(variables.HEADGATE_OUTPUT ?? '', 'predictions.csv'), files['bad.csv']),
  }
  const { document } = await gate({ ...scenario, base: baseOf(settings, { 'test.csv': files['test.csv'] }) })
  expect(document).toMatchObject({ verdict: 'warn', baseline: { version: '1.2.0', paired: true } })
  expect(document.summary).toContain('v1.2.0 was scored by the pull request’s own code')
  expect((await gate(scenario)).document.verdict).toBe('pass')
})

/** What training left: its predictions by digest, and the rows that it was given. */
function trainingOf(testText: string): string {
  const digest = digestOf(files['work/output/predictions.csv'])
  return strictJson({
    schema: 'headgate/training@1',
    model: 'delays',
    verdict: 'pass',
    summary: 'Trained.',
    commit: '',
    createdAt: '2013-08-01T00:00:00.000Z',
    tool: 'headgate 0',
    runner: { kind: 'local', event: 'push', os: 'linux' },
    inputs: [{ path: 'test.csv', digest: digestOf(testText) }],
    durationMs: 0,
    run: {
      id: 'r',
      executor: 'process',
      handle: null,
      command: ['train'],
      params: {},
      startedAt: '2013-08-01T00:00:00.000Z',
      finishedAt: null,
      exitCode: 0,
      peakMemoryBytes: null,
    },
    data: [],
    code: { commit: '', dirty: null, paths: [], digest: digestOf('') },
    environment: { os: '', cpu: '', interpreter: null, lock: null, packages: null, image: null },
    metrics: {},
    artifacts: [],
    modelArtifact: { path: 'output/model', digest: digestOf('m'), bytes: 1 },
    predictions: { path: 'predictions.csv', digest, bytes: 1 },
    tracking: null,
    key: digestOf('key'),
    cache: { hit: false, reason: '' },
  })
}

test('rows that are others than the training was given are refused, and nothing is judged', async () => {
  const settings = { policy: [{ metric: 'roc_auc', min: 0.6 }] }
  const honest = { ...files, 'work/training.json': trainingOf(files['test.csv']) }
  expect((await gate({ files: honest, settings })).document.verdict).toBe('pass')
  const rewritten = { ...files, 'work/training.json': trainingOf('id,late\nx,1') }
  const problems = await problemsOf({ files: rewritten, settings })
  expect(problems).toEqual([
    expect.stringMatching(/^holds other rows than the training was given: sha256:.*not sha256:/),
  ])
})
