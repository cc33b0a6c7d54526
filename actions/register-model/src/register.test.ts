import { spawn } from 'node:child_process'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Verdict } from '@headgate/core'
import { digestOf, OutsideError, Refusal, UserError } from '@headgate/core'
import { digestTree, listTree } from '@headgate/files'
import { downloadModel } from '@headgate/registries'
import { expect, test } from 'vitest'
import { forge, judged, name, portsOf, real, type Story, site } from '../test/site.ts'
import type { Ports } from './index.ts'
import { run } from './index.ts'

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

test('a first model is registered with its lineage, and another clone fetches the same bytes', async () => {
  const place = await site()
  await judged(place)
  const found = await run(place.settings, place.ports)
  expect([found.verdict, found.body.version, found.body.aliases]).toEqual(['pass', '0.1.0', ['challenger']])
  expect(found.summary).toBe('flights 0.1.0 (challenger) is registered: the first model, accepted without a baseline.')
  expect(found.body.lineage).toMatchObject({
    evaluation: { verdict: 'pass', bootstrap: true, baseline: null, recomputed: true },
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
  expect(entries.map(({ kind }) => kind)).toEqual(['training', 'registration'])
  expect(real(place.workspace, 'status', '--porcelain')).toBe('')
})

test('a second run registers nothing and says why', async () => {
  const place = await site()
  await judged(place)
  await run(place.settings, place.ports)
  const refs = () => real(place.remote, 'for-each-ref')
  const before = [refs(), await listTree(join(place.folder, 'store'))]
  const again = await run(place.settings, place.ports)
  expect(again.summary).toBe('Nothing new: flights 0.1.0 (challenger) holds this model, with the same training key.')
  expect([refs(), await listTree(join(place.folder, 'store'))]).toEqual(before)
})

test('a dry run writes nothing', async () => {
  const place = await site()
  await judged(place)
  const before = real(place.remote, 'for-each-ref')
  const { body } = await run({ ...place.settings, dryRun: true }, place.ports)
  expect(body.version).toBe('0.1.0')
  expect(real(place.remote, 'for-each-ref')).toBe(before)
  await expect(listTree(join(place.folder, 'store'))).rejects.toThrow(/ENOENT/)
})

test.each<[Verdict]>([['fail'], ['inconclusive'], ['no-baseline']])(
  'a model of which the gate said %s is refused',
  async (verdict) => {
    const place = await site()
    await judged(place)
    await forge(place, 'evaluation', (document) => {
      document.verdict = verdict
    })
    const error = await refusal(run(place.settings, place.ports))
    expect(error).toBeInstanceOf(Refusal)
    expect(String(error)).toContain(`The gate said ${verdict}`)
    expect(real(place.remote, 'tag')).toBe('')
  },
)

test.each<[string, Story, RegExp]>([
  ['that was trained in a pull request', { event: 'pull-request' }, /trained in a pull request/],
  ['that was trained in a merge queue', { event: 'merge-queue' }, /trained in a pull request/],
  ['that was trained on another branch', { event: 'other' }, /on another branch/],
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
  await judged(place)
  await writeFile(join(place.workFolder, 'output/model/card.md'), 'changed')
  await expect(run(place.settings, place.ports)).rejects.toThrow(/not the one that training left.*\n.*not the model/s)
  await judged(place)
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

test.each([{ event: 'pull-request' }, { event: 'other', branch: 'evil' }, { branch: 'evil' }, { branch: '' }] as const)(
  'from %j nothing is registered',
  async (elsewhere) => {
    const place = await site()
    await judged(place)
    const ports: Ports = { ...place.ports, context: { ...place.ports.context, ...elsewhere } }
    await expect(run(place.settings, ports)).rejects.toThrow(Refusal)
    expect(real(place.remote, 'for-each-ref', 'refs/tags', 'refs/headgate')).toBe('')
  },
)

test('a model that was compared with a champion of before is gated again', async () => {
  const place = await site()
  await judged(place)
  await run({ ...place.settings, alias: 'champion' }, place.ports)
  await judged(place, { content: 'better' })
  await run({ ...place.settings, alias: 'champion' }, place.ports)
  await judged(place, { content: 'late' })
  await forge(place, 'evaluation', ({ baseline }) => {
    baseline.version = '0.1.0'
  })
  await expect(run(place.settings, place.ports)).rejects.toThrow(/compared with v0\.1\.0.*gate again against v0\.2\.0/)
  await forge(place, 'evaluation', ({ baseline }) => {
    Object.assign(baseline, { kind: 'none', version: null })
  })
  await expect(run(place.settings, place.ports)).rejects.toThrow(/compared with no champion.*against v0\.2\.0/)
  const { entries } = await place.ports.ledger.read(name)
  const first = ['training', 'registration', 'promotion']
  expect(entries.map(({ kind }) => kind)).toEqual([...first, ...first])
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
  await judged(place)
  await run({ ...place.settings, alias: 'champion' }, place.ports)
  await judged(place, { content: 'better' })
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
    const { run } = await import(${JSON.stringify(join(import.meta.dirname, 'index.ts'))})
    const { portsOf } = await import(${JSON.stringify(join(import.meta.dirname, '../test/site.ts'))})
    const ports = await portsOf(${JSON.stringify(place.workspace)}, () => new Date())
    process.stdout.write('.')
    await run(JSON.parse(process.argv[1]), ports)`
  const settings = { ...place.settings, alias: 'champion' }
  for (let kill = 0; kill < 10; kill += 1) {
    await judged(place, { content: `weights ${kill}` })
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
    `training 0.${kill + 1}.0`,
    `registration 0.${kill + 1}.0`,
    `promotion 0.${kill + 1}.0`,
  ])
  expect(told.sort()).toEqual(expected.flat().sort())
  for (const at of [place.remote, place.workspace]) expect(real(at, 'fsck', '--strict')).not.toMatch(/error|missing/)
  expect((await listTree(place.workFolder)).filter((path) => path.endsWith('.partial'))).toEqual([])
  expect(await readFile(join(place.workspace, '.gitignore'), 'utf8')).toBe('.headgate\n')
}, 90_000)
