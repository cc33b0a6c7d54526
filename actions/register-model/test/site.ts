// A clone of a bare remote, with a settings file and test rows, in which models are trained and judged.
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Document, DocumentKind, Model, Settings } from '@headgate/core'
import { digestOf, environmentSchema, parseDocument, schemaName, strictJson } from '@headgate/core'
import { digestFile, digestTree, readText, writeDocument } from '@headgate/files'
import type { Baseline, GateSettings, Predictions, Rulebook } from '@headgate/gate'
import {
  absenceOf,
  acceptsFirst,
  assess,
  fileBaseline,
  keepJudged,
  loadGateBlock,
  many,
  metricNames,
  namedBaseline,
  noBaseline,
  openEvidence,
  readPolicy,
  readPredictions,
  rolesOf,
  versionBaseline,
} from '@headgate/gate'
import { openLedger } from '@headgate/ledger'
import { downloadAttachments, headsKeptBy, openRegistry } from '@headgate/registries'
import { openStore } from '@headgate/stores'
import { lineLog } from '@headgate/testkit'
import type { Ports } from '../src/index.ts'
import { stage } from '../src/index.ts'

export const name = 'flights'

export const real = (cwd: string, ...args: string[]) =>
  execFileSync('git', args, { cwd, encoding: 'utf8', stdio: 'pipe' }).trim()

export async function portsOf(workspace: string, now = () => new Date('2026-01-01T00:00:00Z')): Promise<Ports> {
  const clone = { directory: workspace, remote: 'origin', now }
  const said = () => undefined
  const store = await openStore('directory:../store', { workspace, ephemeral: false })
  const registry = await openRegistry('git', clone)
  const keptHeads = headsKeptBy(async () => registry)
  return {
    registry,
    store,
    ledger: await openLedger({ ...clone, ref: 'refs/headgate/ledger', keptHeads }),
    gate: () => gateBlockOf(workspace),
    fetchAttachments: async (model, paths, into) => {
      await downloadAttachments(store, model, (path) => paths.includes(path), into)
    },
    log: lineLog(said),
    workspace,
    temporary: join(workspace, '../temporary'),
    context: {
      runner: 'github',
      event: 'push',
      branch: 'main',
      defaultBranch: 'main',
      commit: real(workspace, 'rev-parse', 'HEAD'),
      actor: 'ada',
    },
  }
}

function gateBlockOf(workspace: string): Promise<GateSettings> {
  const read = (path: string) => readText(join(workspace, path))
  return loadGateBlock(name, { input: () => undefined, read, environment: {}, workspace })
}

/** `headgate.yml` with these lines in the gate's block. */
export function settingsText(...lines: readonly string[]): string {
  return ['models:', `  ${name}:`, '    evaluate-gate:', ...lines.map((line) => `      ${line}`), ''].join('\n')
}

const held = ['test-data: test.csv', 'baseline: champion', 'bootstrap: true']
export const usual = settingsText(...held, 'policy: [{ metric: accuracy, min: 0.6, max-loss: 0.05 }]')

/** 240 rows, of which every second is late, and every sixth from one airport of three. */
const rows = Array.from({ length: 240 }, (_, i) => {
  return { id: `r${i}`, label: i % 2, origin: ['EWR', 'JFK', 'LGA'][i % 3], weight: 1 + (i % 4) }
})
export const testCsv = [
  'id,label,origin,weight',
  ...rows.map((row) => `${row.id},${row.label},${row.origin},${row.weight}`),
].join('\n')

/** Predictions that are wrong in every so-manieth row, of a model whose name makes them its own. */
export function predictionsOf(content: string, wrongEvery: number): string {
  const lines = rows.map(({ id, label }, i) => `${id},${i % wrongEvery === 0 ? 1 - label : label},${content}`)
  return ['id,prediction,made_by', ...lines].join('\n')
}

export async function site(files: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'register-'))
  const [remote, workspace] = [join(folder, 'remote.git'), join(folder, 'clone')]
  real(folder, 'init', '-q', '--bare', '-b', 'main', remote)
  real(folder, 'init', '-q', '-b', 'main', workspace)
  real(workspace, 'remote', 'add', 'origin', remote)
  const all = { '.gitignore': '.headgate\n', 'headgate.yml': usual, 'test.csv': testCsv, ...files }
  for (const [path, text] of Object.entries(all)) await writeFile(join(workspace, path), text)
  real(workspace, 'add', '.')
  real(workspace, '-c', 'user.name=T', '-c', 'user.email=t@x', 'commit', '-qm', 'First')
  real(workspace, 'push', '-q', 'origin', 'main')
  const workFolder = join(workspace, '.headgate', name)
  const parsed = stage.settings.parse({ bump: 'minor' })
  const common = { config: 'headgate.yml', model: name, workFolder, failOn: 'inconclusive', dryRun: false } as const
  const rest = { logLevel: 'info', comment: true, handOver: 'off' } as const
  const settings: Settings<typeof stage> = { ...common, ...rest, ...parsed }
  return { folder, remote, workspace, workFolder, settings, ports: await portsOf(workspace) }
}
export type Site = Awaited<ReturnType<typeof site>>

export interface Story {
  /** What is in the model, and makes its digest. */
  readonly content?: string
  /** Every so-manieth prediction is wrong; 12 by default. */
  readonly wrongEvery?: number
  /** The text of the predictions, in place of those. */
  readonly predictions?: string
  /** What `predict` made of the champion, where its kept predictions are not used. */
  readonly scored?: string
  readonly event?: string
  readonly judgedKey?: string
}

const header = {
  summary: 'As trained.',
  model: name,
  commit: 'c'.repeat(40),
  createdAt: '2026-01-01T00:00:00.000Z',
  tool: 'headgate 0',
  inputs: [],
  durationMs: 1,
}

/** Leaves what training and gate would leave, honestly judged by the settings of the clone. */
export async function judged(place: Site, story: Story = {}): Promise<Document<'evaluation'>> {
  const { workFolder, workspace } = place
  const { content = 'weights', wrongEvery = 12, event = 'push' } = story
  await rm(workFolder, { recursive: true, force: true })
  await mkdir(join(workFolder, 'output/model/deep'), { recursive: true })
  await writeFile(join(workFolder, 'output/model/deep/weights.bin'), content)
  await writeFile(join(workFolder, 'output/model/card.md'), '# Card')
  const path = join(workFolder, 'output/predictions.csv')
  await writeFile(path, story.predictions ?? predictionsOf(content, wrongEvery))
  const model = await digestTree(join(workFolder, 'output/model'))
  const predictions = { path: 'predictions.csv', ...(await digestFile(path)) }
  const key = digestOf(`key of ${content}`)
  await writeDocument('training', workFolder, {
    ...header,
    schema: schemaName('training'),
    verdict: 'pass',
    runner: { kind: 'local', event, os: 'linux' },
    run: {
      id: `run-${model.digest.slice(-8)}`,
      executor: 'process',
      handle: null,
      command: ['python'],
      params: {},
      startedAt: header.createdAt,
      finishedAt: header.createdAt,
      exitCode: 0,
      peakMemoryBytes: null,
    },
    data: [{ path: 'train.csv', digest: digestOf('data') }],
    code: { commit: header.commit, dirty: null, paths: [], digest: digestOf('code') },
    environment: environmentSchema.parse({
      os: 'linux',
      cpu: 'x',
      interpreter: null,
      lock: null,
      packages: null,
      image: null,
    }),
    seeds: {},
    metrics: {},
    artifacts: [],
    modelArtifact: { path: 'output/model', digest: model.digest, bytes: model.bytes },
    predictions,
    tracking: null,
    key,
    keyParts: { code: digestOf('code') },
    cache: { hit: false, reason: 'first' },
  })
  const source = `.headgate/${name}/output/predictions.csv`
  const trainingKey = story.judgedKey ?? key
  const facts = { source, digest: predictions.digest, modelDigest: model.digest, trainingKey }
  const settings = await gateBlockOf(workspace)
  const policy = await readPolicy(settings.policy, settings, (file) => readText(join(workspace, file)))
  const rulebook: Rulebook = { settings, policy, ref: null, changed: undefined, caveats: [] }
  const candidate = { path, facts }
  const names = metricNames(policy, many(settings.metrics))
  const evidence = await openEvidence(rulebook, names, candidate, workspace)
  const read = (file: string) => readPredictions(file, evidence, rolesOf(settings), names)
  const baseline = await baselineOf(place, settings, story, read)
  const bootstrap = acceptsFirst(settings, baseline)
  const parts = { rulebook, names, evidence, candidate, predictions: await read(path), baseline, bootstrap }
  const { body, verdict, summary } = assess(parts)
  await keepJudged(workFolder, baseline.path === undefined ? {} : { baseline: baseline.path })
  const runner = { kind: 'local' as const, event, os: 'linux' }
  const document = { ...header, schema: schemaName('evaluation'), verdict, summary, runner, ...body }
  await writeDocument('evaluation', workFolder, document)
  return document
}

type Read = (file: string) => Promise<Predictions>

async function baselineOf(place: Site, settings: GateSettings, story: Story, read: Read): Promise<Baseline> {
  const { registry, ledger } = place.ports
  const named = namedBaseline(settings)
  if (named === undefined) return noBaseline
  if (named.kind === 'file') {
    const path = join(place.workspace, named.path)
    return fileBaseline({ predictions: await read(path), source: named.path, path })
  }
  const model = await registry.resolve(name, { alias: 'champion' })
  if (model === undefined) {
    const { entries } = await ledger.read(name)
    const versions = (await registry.versions(name)).map(({ version }) => version)
    return {
      ...noBaseline,
      absence: absenceOf(
        versions,
        entries.some(({ kind }) => kind === 'promotion'),
      ),
    }
  }
  const path = await championFile(place, model, story.scored)
  const found = { predictions: await read(path), source: 'predictions.csv', path }
  return versionBaseline(model, 'champion', found, settings)
}

async function championFile(place: Site, model: Model, scored: string | undefined): Promise<string> {
  const folder = await mkdtemp(join(place.folder, 'champion-'))
  if (scored === undefined) await place.ports.fetchAttachments(model, ['predictions.csv'], folder)
  else await writeFile(join(folder, 'predictions.csv'), scored)
  return join(folder, 'predictions.csv')
}

/** Changes a document as somebody would who can write the first job's files. */
export async function forge<K extends DocumentKind>(
  { workFolder }: Site,
  kind: K,
  change: (document: Document<K>) => void,
): Promise<void> {
  const path = join(workFolder, `${kind}.json`)
  const document = parseDocument(kind, await readFile(path, 'utf8'), path)
  change(document)
  await writeFile(path, strictJson(document))
}
