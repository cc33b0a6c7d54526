import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Context, Evaluation, File } from '@headgate/core'
import { digestOfTree } from '@headgate/core'
import { digestFile } from '@headgate/files'
import { openRegistry } from '@headgate/registries'
import { localRunner, type Outcome, startWith } from '@headgate/runners'
import { openStore } from '@headgate/stores'
import { git } from '@headgate/systems'
import { expect, test } from 'vitest'
import { run } from './run.ts'
import { stage } from './stage.ts'
import { wire } from './wire.ts'

// Scores the rows by the number in the model, as a user's command would: reads rows without labels, knows no labels.
const predictScript = `
import { readFileSync, writeFileSync } from 'node:fs'
const { sharpness } = JSON.parse(readFileSync(process.env.HEADGATE_MODEL + '/model.json', 'utf8'))
const [header, ...lines] = readFileSync(process.env.HEADGATE_DATA, 'utf8').trim().split('\\n')
if (header.includes('late')) throw new Error('the labels are visible')
const rows = lines.map((line) => line.split(','))
const score = (x, noise) => sharpness * Number(x) + (1 - sharpness) * Number(noise)
writeFileSync(process.env.HEADGATE_OUTPUT + '/predictions.csv',
  ['id,score', ...rows.map(([id, x, noise]) => id + ',' + score(x, noise))].join('\\n'))
`

const settingsText = (policy: string): string => `
models:
  delays:
    store: directory:../store
    test-data: test.csv
    label: late
    evaluate-gate:
      predict: [${JSON.stringify(process.execPath)}, predict.mjs]
      baseline: champion
      policy: ${policy}
`
const strict = '[{ metric: roc_auc, min: 0.6, max-loss: 0.02 }]'

function testRows(seed: number): string {
  let state = seed
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const lines = Array.from({ length: 2000 }, (_, i) => {
    const [x, truth, noise] = [next(), next(), next()]
    return `${i},${x},${noise},${truth < x ? 1 : 0}`
  })
  return ['id,x,noise,late', ...lines].join('\n')
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}

/** A clone of a bare remote, with one commit on main. */
async function clone(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'headgate-wire-'))
  const [remote, work] = [join(root, 'remote'), join(root, 'work')]
  await git.run(root, ['init', '--quiet', '--bare', '--initial-branch=main', remote])
  await git.run(root, ['init', '--quiet', '--initial-branch=main', work])
  await git.run(work, ['config', 'user.name', 'Tester'])
  await git.run(work, ['config', 'user.email', 'tester@example.org'])
  await git.run(work, ['remote', 'add', 'origin', remote])
  await write(work, { '.gitignore': '.headgate\n', ...files })
  await commit(work)
  await git.run(work, ['push', '--quiet', 'origin', 'main'])
  return work
}

async function commit(work: string): Promise<void> {
  await git.run(work, ['add', '--all'])
  await git.run(work, ['commit', '--quiet', '--message', 'Change'])
}

async function gate(work: string, context: Partial<Context> = {}, flags: Readonly<Record<string, string>> = {}) {
  const runner = await localRunner(process.env, { folder: work, flags: new Map(Object.entries(flags)) })
  const temporary = join(work, '.headgate', 'temporary')
  return startWith(stage, run, wire, { ...runner, temporary, context: { ...runner.context, ...context } })
}

function evaluationOf(outcome: Outcome): Evaluation {
  return outcome.document as unknown as Evaluation
}

/** Registers the model in the work folder as champion, as registration and deployment would. */
async function makeChampion(work: string, name = 'delays'): Promise<void> {
  const folder = join(work, '.headgate/delays')
  const file = async (path: string): Promise<File> => ({ path, ...(await digestFile(join(folder, path))) })
  const model = { ...(await file('output/model/model.json')), path: 'model.json' }
  const attachments = [await file('evaluation.json'), await file('output/predictions.csv')]
  const kept = attachments.map((part) => ({ ...part, path: part.path.replace('output/', '') }))
  const digest = digestOfTree([model])
  const store = await openStore('directory:../store', { workspace: work, ephemeral: false })
  await store.put({ name, digest }, [
    { ...model, source: join(folder, 'output/model/model.json') },
    ...kept.map((part, index) => ({ ...part, source: join(folder, attachments[index]?.path ?? '') })),
  ])
  const registry = await openRegistry('git', { directory: work, now: () => new Date() })
  const commitId = await git.run(work, ['rev-parse', 'HEAD'])
  const { model: registered } = await registry.register({
    name,
    digest,
    files: [model],
    attachments: kept,
    lineage: {
      commit: commitId,
      training: null,
      data: [],
      environment: null,
      evaluation: null,
      validation: null,
      imported: false,
    },
    store: { kind: store.kind, location: store.location },
    signature: null,
    bump: 'minor',
    commit: commitId,
  })
  const { version } = registered
  await registry.promote({ name, version, alias: 'champion', reason: 'first' })
}

const project = (sharpness: number, seed: number) => ({
  'headgate.yml': settingsText(strict),
  'predict.mjs': predictScript,
  'test.csv': testRows(seed),
  '.headgate/delays/output/model/model.json': JSON.stringify({ sharpness }),
})

/** Lets the candidate's own predictions lie where training would have left them. */
async function leavePredictions(work: string, sharpness: number): Promise<void> {
  const lines = (await readFile(join(work, 'test.csv'), 'utf8')).split('\n').slice(1)
  const rows = lines.map((line) => line.split(',')).map(([id, x, noise]) => [id, Number(x), Number(noise)] as const)
  const text = rows.map(([id, x, noise]) => `${id},${sharpness * x + (1 - sharpness) * noise}`).join('\n')
  await write(work, { '.headgate/delays/output/predictions.csv': `id,score\n${text}` })
}

test('a champion in a real registry is compared by its kept predictions, then by predicting anew', async () => {
  const work = await clone(project(0.4, 1))
  await leavePredictions(work, 0.4)
  const first = await gate(work, {}, { bootstrap: 'true' })
  expect(evaluationOf(first)).toMatchObject({ verdict: 'pass', bootstrap: true, baseline: { kind: 'none' } })
  await makeChampion(work)

  await write(work, { '.headgate/delays/output/model/model.json': JSON.stringify({ sharpness: 0.9 }) })
  await leavePredictions(work, 0.9)
  // No command could run here: the kept predictions must do.
  await rm(join(work, 'predict.mjs'))
  const same = evaluationOf(await gate(work, {}, { bootstrap: 'true' }))
  expect(same).toMatchObject({
    verdict: 'pass',
    bootstrap: false,
    baseline: { kind: 'champion', version: '0.1.0', paired: true },
  })

  await write(work, { 'predict.mjs': predictScript, 'test.csv': testRows(2) })
  await leavePredictions(work, 0.2)
  const outcome = await gate(work)
  expect(outcome.exitCode).toBe(1)
  expect(evaluationOf(outcome)).toMatchObject({ verdict: 'fail', baseline: { version: '0.1.0', paired: true } })
})

test('the champion is found under the name that the model is registered by, which a pull request does not change', async () => {
  const named = (name: string) => settingsText(strict).replace('    store:', `    name: ${name}\n    store:`)
  const work = await clone({ ...project(0.4, 1), 'headgate.yml': named('shop/delays') })
  await leavePredictions(work, 0.4)
  await gate(work, {}, { bootstrap: 'true' })
  await makeChampion(work, 'shop/delays')
  const found = { bootstrap: false, baseline: { kind: 'champion', version: '0.1.0' } }
  expect(evaluationOf(await gate(work, {}, { bootstrap: 'true' }))).toMatchObject(found)

  await git.run(work, ['switch', '--quiet', '--create', 'elsewhere'])
  await write(work, {
    'headgate.yml': named('fresh').replace('baseline: champion', 'baseline: champion\n      bootstrap: true'),
  })
  await commit(work)
  const document = evaluationOf(await gate(work, pullRequest))
  expect(document).toMatchObject(found)
  expect(document.policy.changed?.split('\n')).toContain('+ name: fresh')
})

test('an unreachable registry ends with exit code 3 and no document', async () => {
  const work = await clone(project(0.4, 1))
  await leavePredictions(work, 0.4)
  await rm(join(work, '..', 'remote'), { recursive: true })
  const outcome = await gate(work, {}, { bootstrap: 'true' })
  expect(outcome).toMatchObject({ exitCode: 3 })
  expect(outcome.document).toBeUndefined()
})

const pull = { number: 7, headSha: '', fork: false, author: 'someone', labels: [] }
const pullRequest = { event: 'pull-request', pullRequest: pull, base: { ref: 'main' } } as const

test('a pull request is held against the block of its base branch, which flags cannot weaken', async () => {
  const floor = '[{ metric: roc_auc, min: 0.7 }]'
  const work = await clone({ ...project(0.2, 1), 'headgate.yml': settingsText(floor) })
  await git.run(work, ['switch', '--quiet', '--create', 'weaker'])
  await write(work, { 'headgate.yml': settingsText('[{ metric: roc_auc, min: 0.1 }]') })
  await commit(work)
  await leavePredictions(work, 0.2)
  const flags = { baseline: 'other.csv', bootstrap: 'true' }
  const outcome = await gate(work, pullRequest, flags)
  const document = evaluationOf(outcome)
  expect(document.metrics[0]).toMatchObject({ metric: 'roc_auc', status: 'fail', rule: { min: 0.7 } })
  expect(document).toMatchObject({ verdict: 'fail', policy: { ref: 'main', path: 'headgate.yml' } })
  expect(document.policy.changed?.split('\n')).toEqual([
    '- { metric: roc_auc, min: 0.7 }',
    '+ { metric: roc_auc, min: 0.1 }',
    '- baseline: champion',
    '+ baseline: other.csv',
    '+ bootstrap: true',
  ])
})

test('a shallow clone fetches the base commit that it lacks', async () => {
  const work = await clone({ ...project(0.9, 1), 'headgate.yml': settingsText('[{ metric: roc_auc, min: 0.6 }]') })
  const shallow = join(work, '..', 'shallow')
  await git.run(work, ['switch', '--quiet', '--create', 'change'])
  await write(work, { 'notes.txt': 'more' })
  await commit(work)
  await git.run(work, ['push', '--quiet', 'origin', 'change'])
  const url = `file://${join(work, '..', 'remote')}`
  await git.run(join(work, '..'), ['clone', '--quiet', '--depth=1', '--branch=change', url, shallow])
  const sha = await git.run(work, ['rev-parse', 'main'])
  expect(await git.hasObject(shallow, sha)).toBe(false)
  await leavePredictions(shallow, 0.9)
  const outcome = await gate(shallow, { ...pullRequest, base: { ref: 'main', sha } })
  expect(evaluationOf(outcome)).toMatchObject({ verdict: 'no-baseline', policy: { ref: 'main' } })
})

test('a base branch that cannot be read ends with exit code 3', async () => {
  const work = await clone(project(0.9, 1))
  await leavePredictions(work, 0.9)
  expect(await gate(work, { ...pullRequest, base: { ref: 'gone' } })).toMatchObject({ exitCode: 3 })
})

/** A pull request of a clone whose base branch has these settings. */
async function proposed(base: string, own: Readonly<Record<string, string>>, sharpness = 0.2): Promise<string> {
  const work = await clone({ ...project(sharpness, 1), 'headgate.yml': base })
  await git.run(work, ['switch', '--quiet', '--create', 'change'])
  await write(work, own)
  await commit(work)
  await leavePredictions(work, sharpness)
  return work
}

const floor = settingsText('[{ metric: roc_auc, min: 0.7 }]').replace('      baseline: champion\n', '')
const none = floor.replace('0.7', '0')

test('a base branch that cannot be understood ends with exit code 2, and nothing else holds', async () => {
  for (const broken of [floor.replace('policy:', 'polcy:'), 'models: [', floor.replace('roc_auc', 'rocauc')])
    expect(await gate(await proposed(broken, { 'headgate.yml': none }), pullRequest), broken).toEqual({ exitCode: 2 })
})

test('a policy file that the base branch names and lacks ends with exit code 2', async () => {
  const named = floor.replace(/policy: .*/, 'policy: policy.yaml')
  const own = { 'headgate.yml': named, 'policy.yaml': '- { metric: roc_auc, min: 0 }' }
  expect(await gate(await proposed(named, own), pullRequest)).toEqual({ exitCode: 2 })
})

test('a store in a variable that a fork does not get is no way around the base branch, where no store is needed', async () => {
  const stored = floor.replace('../store', '${env:STORE_DIR_OF_MAIN}')
  const work = await proposed(stored, { 'headgate.yml': none })
  const { document } = await gate(work, pullRequest)
  expect(document).toMatchObject({ verdict: 'fail', policy: { ref: 'main' } })
  const compared = settingsText(strict).replace('../store', '${env:STORE_DIR_OF_MAIN}')
  const outcome = await gate(await proposed(compared, { 'notes.txt': '' }, 0.9), pullRequest)
  expect(outcome.document).toMatchObject({ verdict: 'no-baseline', policy: { ref: 'main' } })
})

test('another settings file that a flag names does not hide the base branch’s', async () => {
  const work = await proposed(floor, { 'other.yml': none })
  const { document } = await gate(work, pullRequest, { config: 'other.yml' })
  expect(document).toMatchObject({ verdict: 'fail', policy: { ref: 'main', path: 'headgate.yml' } })
  const dotted = await gate(work, pullRequest, { config: './headgate.yml' })
  expect(dotted.document).toMatchObject({ verdict: 'fail', policy: { ref: 'main' } })
})

test('in a merge queue the block of the branch that is merged into holds', async () => {
  const work = await proposed(floor, { 'headgate.yml': none })
  const sha = await git.run(work, ['rev-parse', 'main'])
  const { document, exitCode } = await gate(work, { event: 'merge-queue', base: { ref: 'main', sha } })
  expect([exitCode, document?.verdict]).toEqual([1, 'fail'])
})

test('a baseline file that the pull request flips is read at the base branch', async () => {
  const compared = settingsText(strict).replace('champion', 'baseline.csv')
  const work = await clone({ ...project(0.2, 1), 'headgate.yml': compared, 'baseline.csv': '' })
  await leavePredictions(work, 0.9)
  const honest = await readFile(join(work, '.headgate/delays/output/predictions.csv'), 'utf8')
  await write(work, { 'baseline.csv': honest })
  await commit(work)
  await git.run(work, ['push', '--quiet', 'origin', 'main'])
  await git.run(work, ['switch', '--quiet', '--create', 'change'])
  await write(work, { 'baseline.csv': honest.replace(/,([\d.e-]+)$/gm, (_all, score) => `,${1 - Number(score)}`) })
  await commit(work)
  await leavePredictions(work, 0.2)
  expect(await gate(work, pullRequest)).toMatchObject({ exitCode: 1, document: { verdict: 'fail' } })
})
