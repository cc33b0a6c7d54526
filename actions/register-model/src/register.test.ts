import { execFileSync, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Document, Settings } from '@headgate/core'
import { digestOf, OutsideError, Refusal, schemaName, UserError } from '@headgate/core'
import { digestFile, digestTree, listTree, writeDocument } from '@headgate/files'
import { openLedger } from '@headgate/ledger'
import { downloadModel, openRegistry } from '@headgate/registries'
import { openStore } from '@headgate/stores'
import { expect, test } from 'vitest'
import type { Ports } from './index.ts'
import { run, stage } from './index.ts'

const real = (cwd: string, ...args: string[]) =>
  execFileSync('git', args, { cwd, encoding: 'utf8', stdio: 'pipe' }).trim()
const name = 'flights'

async function portsOf(workspace: string): Promise<Ports> {
  const now = () => new Date('2026-01-01T00:00:00Z')
  const clone = { directory: workspace, remote: 'origin', now }
  const said = () => undefined
  return {
    registry: await openRegistry('git', clone),
    store: await openStore('directory:../store', { workspace, ephemeral: false }),
    ledger: await openLedger({ ...clone, ref: 'refs/headgate/ledger' }),
    log: { debug: said, info: said, notice: said, warning: said, error: said, group: (_title, work) => work() },
    workspace,
    context: { event: 'push', commit: real(workspace, 'rev-parse', 'HEAD'), actor: 'ada' },
  }
}

/** A clone of a bare remote in which a model was trained and judged. */
async function site() {
  const folder = await mkdtemp(join(tmpdir(), 'register-'))
  const [remote, workspace] = [join(folder, 'remote.git'), join(folder, 'clone')]
  real(folder, 'init', '-q', '--bare', '-b', 'main', remote)
  real(folder, 'init', '-q', '-b', 'main', workspace)
  real(workspace, 'remote', 'add', 'origin', remote)
  await writeFile(join(workspace, '.gitignore'), '.headgate\n')
  real(workspace, 'add', '.')
  real(workspace, '-c', 'user.name=T', '-c', 'user.email=t@x', 'commit', '-qm', 'First')
  real(workspace, 'push', '-q', 'origin', 'main')
  const workFolder = join(workspace, '.headgate', name)
  const parsed = stage.settings.parse({})
  const common = { config: 'headgate.yml', model: name, workFolder, failOn: 'inconclusive', dryRun: false } as const
  const rest = { logLevel: 'info', comment: true, handOver: 'off' } as const
  const settings: Settings<typeof stage> = { ...common, ...rest, ...parsed }
  return { folder, remote, workspace, workFolder, settings, ports: await portsOf(workspace) }
}
type Site = Awaited<ReturnType<typeof site>>

interface Story {
  readonly content?: string
  readonly event?: string
  readonly verdict?: Document<'evaluation'>['verdict']
  readonly bootstrap?: boolean
  readonly baseline?: string | null
  readonly judgedKey?: string
}

/** Leaves what training and gate would leave. */
async function judged({ workFolder }: Site, story: Story = {}): Promise<void> {
  const { content = 'weights', event = 'push', verdict = 'pass', bootstrap = false, baseline = null } = story
  await rm(workFolder, { recursive: true, force: true })
  await mkdir(join(workFolder, 'output/model/deep'), { recursive: true })
  await writeFile(join(workFolder, 'output/model/deep/weights.bin'), content)
  await writeFile(join(workFolder, 'output/model/card.md'), '# Card')
  const predictions = join(workFolder, 'output/predictions.csv')
  await writeFile(predictions, `id,score\n1,${content}\n`)
  const model = await digestTree(join(workFolder, 'output/model'))
  const judgedFile = { path: 'predictions.csv', ...(await digestFile(predictions)) }
  const key = digestOf(`key of ${content}`)
  const header = {
    summary: 'As judged.',
    model: name,
    commit: 'c'.repeat(40),
    createdAt: '2026-01-01T00:00:00.000Z',
    tool: 'headgate 0',
    runner: { kind: 'local' as const, event, os: 'linux' },
    inputs: [],
    durationMs: 1,
  }
  await writeDocument('training', workFolder, {
    ...header,
    schema: schemaName('training'),
    verdict: 'pass',
    run: {
      id: 'r1',
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
    environment: { os: 'linux', cpu: 'x', interpreter: null, lock: null, packages: null, image: null },
    metrics: {},
    artifacts: [],
    model: { path: 'output/model', digest: model.digest, bytes: model.bytes },
    predictions: judgedFile,
    tracking: null,
    key,
    cache: { hit: false, reason: 'first' },
  })
  await writeDocument('evaluation', workFolder, {
    ...header,
    schema: schemaName('evaluation'),
    verdict,
    task: 'binary',
    policy: { path: 'headgate.yml', ref: null, digest: digestOf('policy') },
    evidence: 'held-out',
    testData: null,
    candidate: {
      source: `.headgate/${name}/output/predictions.csv`,
      digest: judgedFile.digest,
      modelDigest: model.digest,
      trainingKey: story.judgedKey ?? key,
    },
    baseline: {
      kind: baseline === null ? 'none' : 'champion',
      version: baseline,
      digest: null,
      modelDigest: null,
      paired: baseline !== null,
    },
    bootstrap,
    seed: 1,
    metrics: [],
    confusion: null,
    calibration: null,
  })
}

const first: Story = { verdict: 'no-baseline', bootstrap: true }
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

test('a first model is registered with its lineage, and another clone fetches the same bytes', async () => {
  const place = await site()
  await judged(place, first)
  const found = await run(place.settings, place.ports)
  expect([found.verdict, found.body.version, found.body.aliases]).toEqual(['pass', '0.1.0', ['challenger']])
  expect(found.summary).toBe('flights 0.1.0 (challenger) is registered: the first model, accepted without a baseline.')
  expect(found.body.lineage).toMatchObject({
    evaluation: { verdict: 'no-baseline', bootstrap: true, baseline: null },
    training: { key: digestOf('key of weights') },
    imported: false,
  })
  expect(found.body.attachments.map(({ path }) => path).sort()).toEqual([
    'evaluation.json',
    'predictions.csv',
    'training.json',
  ])
  const other = join(place.folder, 'other')
  real(place.folder, 'clone', '-q', place.remote, other)
  const { registry, store, ledger } = await portsOf(other)
  const model = await registry.resolve(name, { alias: 'challenger' })
  if (!model) throw new Error('nothing was registered')
  const into = join(place.folder, 'fetched')
  await downloadModel(store, model, into)
  expect((await digestTree(into)).digest).toBe((await digestTree(join(place.workFolder, 'output/model'))).digest)
  const { entries } = await ledger.read(name)
  expect(entries.map(({ kind }) => kind)).toEqual(['registration'])
  expect(real(place.workspace, 'status', '--porcelain')).toBe('')
})

test('a second run registers nothing and says why', async () => {
  const place = await site()
  await judged(place, first)
  await run(place.settings, place.ports)
  const refs = () => real(place.remote, 'for-each-ref')
  const before = [refs(), await listTree(join(place.folder, 'store'))]
  const again = await run(place.settings, place.ports)
  expect(again.summary).toBe('Nothing new: flights 0.1.0 (challenger) holds this model, with the same training key.')
  expect([refs(), await listTree(join(place.folder, 'store'))]).toEqual(before)
})

test('a dry run writes nothing', async () => {
  const place = await site()
  await judged(place, first)
  const before = real(place.remote, 'for-each-ref')
  const { body } = await run({ ...place.settings, dryRun: true }, place.ports)
  expect(body.version).toBe('0.1.0')
  expect(real(place.remote, 'for-each-ref')).toBe(before)
  await expect(listTree(join(place.folder, 'store'))).rejects.toThrow(/ENOENT/)
})

test.each<[string, Story, RegExp]>([
  ['that the gate refused', { verdict: 'fail' }, /gate said fail/],
  ['on which the gate could not decide', { verdict: 'inconclusive' }, /gate said inconclusive/],
  ['without a baseline, when that was not accepted', { verdict: 'no-baseline' }, /gate said no-baseline/],
  ['that was trained in a pull request', { event: 'pull-request' }, /trained in a pull request/],
  ['that was trained in a merge queue', { event: 'merge-queue' }, /trained in a pull request/],
  ['whose training the gate did not judge', { judgedKey: digestOf('another') }, /gate judged training/],
])('a model %s is refused', async (_what, story, reason) => {
  const place = await site()
  await judged(place, story)
  const error = await refusal(run(place.settings, place.ports))
  expect(error).toBeInstanceOf(Refusal)
  expect(String(error)).toMatch(reason)
  expect(real(place.remote, 'tag')).toBe('')
})

test('a model or predictions that changed after the gate are refused', async () => {
  const place = await site()
  await judged(place, first)
  await writeFile(join(place.workFolder, 'output/model/card.md'), 'changed')
  await expect(run(place.settings, place.ports)).rejects.toThrow(/not the one that training left.*\n.*not the model/s)
  await judged(place, first)
  await writeFile(join(place.workFolder, 'output/predictions.csv'), 'id,score\n1,0.99\n')
  await expect(run(place.settings, place.ports)).rejects.toThrow(/predictions/)
})

test('missing documents are mistakes, all named at once', async () => {
  const place = await site()
  const error = await refusal(run(place.settings, place.ports))
  expect(error).toBeInstanceOf(UserError)
  expect((error as UserError).problems.map(({ where }) => where?.file.split('/').at(-1))).toEqual([
    'training.json',
    'evaluation.json',
  ])
})

test('from a pull request nothing is registered', async () => {
  const place = await site()
  await judged(place, first)
  const ports: Ports = { ...place.ports, context: { ...place.ports.context, event: 'pull-request' } }
  await expect(run(place.settings, ports)).rejects.toThrow(Refusal)
})

test('a model that was compared with a champion of before is gated again', async () => {
  const place = await site()
  await judged(place, first)
  await run({ ...place.settings, alias: 'champion' }, place.ports)
  await judged(place, { content: 'better', baseline: '0.1.0' })
  await run({ ...place.settings, alias: 'champion' }, place.ports)
  await judged(place, { content: 'late', baseline: '0.1.0' })
  await expect(run(place.settings, place.ports)).rejects.toThrow(/compared with v0\.1\.0.*gate again against v0\.2\.0/)
  await judged(place, { content: 'first of another', ...first })
  await expect(run(place.settings, place.ports)).rejects.toThrow(/compared with no champion.*against v0\.2\.0/)
  const { entries } = await place.ports.ledger.read(name)
  expect(entries.map(({ kind }) => kind)).toEqual(['registration', 'promotion', 'registration', 'promotion'])
  expect(entries.at(-1)).toMatchObject({ alias: 'champion', version: '0.2.0', previous: '0.1.0' })
})

test('a model from production is adopted without evidence, as the champion, with a warning', async () => {
  const place = await site()
  await mkdir(join(place.workspace, 'adopted'))
  await writeFile(join(place.workspace, 'adopted/model.pkl'), 'old')
  const settings = { ...place.settings, import: true, path: 'adopted/model.pkl' }
  const { verdict, body } = await run(settings, place.ports)
  expect([verdict, body.aliases, body.lineage.imported]).toEqual(['warn', ['champion'], true])
  expect(body.files.map(({ path }) => path)).toEqual(['model.pkl'])
  await writeFile(join(place.workspace, 'adopted/model.pkl'), 'other')
  await expect(run(settings, place.ports)).rejects.toThrow(/champion already/)
})

test('a ledger that was rewritten stops a registration', async () => {
  const place = await site()
  await judged(place, first)
  await run({ ...place.settings, alias: 'champion' }, place.ports)
  await judged(place, { content: 'better', baseline: '0.1.0' })
  await run(place.settings, place.ports)
  const stranger = join(place.folder, 'stranger')
  real(place.folder, 'clone', '-q', place.remote, stranger)
  real(place.remote, 'update-ref', '-d', 'refs/headgate/ledger')
  await cp(place.workFolder, join(stranger, '.headgate', name), { recursive: true })
  const ports = await portsOf(stranger)
  const settings = { ...place.settings, workFolder: join(stranger, '.headgate', name) }
  await writeFile(join(settings.workFolder, 'output/model/card.md'), '# Card')
  await expect(run(settings, ports)).rejects.toThrow(OutsideError)
})

test('killed at any moment, a second run completes the registration', async () => {
  const place = await site()
  const program = `
    const { run, stage } = await import(${JSON.stringify(join(import.meta.dirname, 'index.ts'))})
    const { openRegistry } = await import('@headgate/registries')
    const { openLedger } = await import('@headgate/ledger')
    const { openStore } = await import('@headgate/stores')
    const workspace = ${JSON.stringify(place.workspace)}
    const clone = { directory: workspace, remote: 'origin', now: () => new Date() }
    const quiet = () => undefined
    const ports = { registry: await openRegistry('git', clone), workspace,
      store: await openStore('directory:../store', { workspace, ephemeral: false }),
      ledger: await openLedger({ ...clone, ref: 'refs/headgate/ledger' }), log: { info: quiet },
      context: ${JSON.stringify(place.ports.context)} }
    process.stdout.write('.')
    await run(JSON.parse(process.argv[1]), ports)`
  const settings = { ...place.settings, alias: 'champion' }
  for (let kill = 0; kill < 10; kill += 1) {
    const baseline = kill === 0 ? null : `0.${kill}.0`
    await judged(place, kill === 0 ? first : { content: `weights ${kill}`, baseline })
    const args = ['--conditions=source', '--input-type=module', '-e', program, JSON.stringify(settings)]
    const cwd = import.meta.dirname
    const job = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'ignore'] })
    const ended = new Promise((resolve) => job.once('exit', resolve))
    await new Promise((resolve) => job.stdout.once('data', resolve))
    await setTimeout(Math.random() * 400)
    job.kill('SIGKILL')
    await ended
    const { body } = await run(settings, place.ports)
    expect([body.version, body.aliases]).toEqual([`0.${kill + 1}.0`, ['champion']])
  }
  const { entries } = await place.ports.ledger.read(name)
  const told = entries.map((entry) => `${entry.kind} ${'version' in entry ? entry.version : ''}`)
  // In any order: who was killed late wrote by the real clock, who completed it by this test's.
  const expected = Array.from({ length: 10 }, (_, kill) => [
    `registration 0.${kill + 1}.0`,
    `promotion 0.${kill + 1}.0`,
  ])
  expect(told.sort()).toEqual(expected.flat().sort())
  for (const at of [place.remote, place.workspace]) expect(real(at, 'fsck', '--strict')).not.toMatch(/error|missing/)
  expect((await listTree(place.workFolder)).filter((path) => path.endsWith('.partial'))).toEqual([])
  expect(await readFile(join(place.workspace, '.gitignore'), 'utf8')).toBe('.headgate\n')
}, 90_000)
