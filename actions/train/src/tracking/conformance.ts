import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOfTree } from '@headgate/core'
import { digestTree, writeAtomically } from '@headgate/files'
import { expect, test } from 'vitest'
import type { Owner } from './owner.ts'
import type { Beginning, Left, Tracking } from './port.ts'

/** A run as the server has it, read by another client than the adapter's. */
export interface ReadRun {
  readonly id: string
  /** As the server calls it, in lower case: `running`, `finished`, `failed`, `killed`. */
  readonly status: string
  readonly startedAt: number
  readonly endedAt: number | null
  readonly tags: Readonly<Record<string, string>>
  readonly params: Readonly<Record<string, string>>
  /** Steps and values of each metric. */
  readonly metrics: Readonly<Record<string, readonly (readonly [step: number, value: number])[]>>
  /** Path, context and whole digest of each dataset. */
  readonly datasets: readonly (readonly [path: string, context: string, digest: string])[]
  /** Bytes by path, the model's below `model/`. */
  readonly files: Readonly<Record<string, number>>
}

/** A tracking server to hold an adapter against. */
export interface Bench {
  /** A client of its own, as another job has it, for an experiment of this name. */
  readonly open: (experiment: string) => Tracking
  /** All runs of an experiment that are not deleted. */
  readonly read: (experiment: string) => Promise<readonly ReadRun[]>
  /** What the server keeps of the files, by path; all of them where it can. */
  readonly keeps?: (path: string) => boolean
  readonly hasDatasets?: boolean
}

const key = `sha256:${'a'.repeat(64)}`
const dataDigest = `sha256:${'0123456789abcdef'.repeat(4)}`
const startedAt = new Date('2026-01-02T03:04:05.678Z')
const endedAt = new Date('2026-01-02T04:04:05.678Z')

const unique = (): string => `experiment ${randomUUID()}`

function beginningOf(runId: string, more: Partial<Beginning> = {}): Beginning {
  const process = { place: 'here', pid: 1, startedAt: 'then' }
  const owner: Owner = { runId, executor: 'process', ciRun: '7', ciAttempt: 1, process }
  const data = [
    { path: 'data/größe.parquet', digest: dataDigest, context: 'training' as const },
    { path: 'test.csv', digest: `dvc-md5:${'9'.repeat(32)}`, context: 'test' as const },
  ]
  const base = { runId, model: 'team/m', key, commit: 'c0ffee', command: 'python train.py', startedAt, data, owner }
  return { ...base, ...more }
}

const files = {
  'metrics.json': '{"auc": 0.7, "loss": 0.125}',
  'metrics.ndjson': [
    '{"key": "loss", "value": 0.5, "step": 0, "timestamp": 1767323045000}',
    '{"key": "loss", "value": 0.25, "step": 10, "timestamp": 1767323046000}',
    '{"key": "rate", "value": 1e-3}',
    '{"key": "rate", "value": 1e-4}',
  ].join('\n'),
  'predictions.csv': 'id,score\n1,0.5\n',
  'model/model.json': '{"a": 1}',
  'model/deep/weights.bin': '\u0000'.repeat(100_000),
}

async function leftOf(more: Partial<Left> = {}): Promise<Left> {
  const output = mkdtempSync(join(tmpdir(), 'tracking-'))
  for (const [path, content] of Object.entries(files)) await writeAtomically(join(output, path), content)
  const tree = await digestTree(output)
  const model = tree.files.filter(({ path }) => path.startsWith('model/'))
  return {
    end: 'finished',
    endedAt,
    params: { alpha: 0.00001, depth: 3, flag: true, layers: [8, 'relu', null], name: 'Ж' },
    metrics: { auc: 0.7, loss: 0.125 },
    output,
    artifacts: tree.files,
    modelDigest: digestOfTree(model),
    error: undefined,
    ...more,
  }
}

const nobodyIsGone = async (): Promise<boolean> => false
const everybodyIsGone = async (): Promise<boolean> => true

/** What every tracking server's adapter does. */
export function trackingConformance(title: string, bench: () => Promise<Bench>): void {
  test(`${title}: a run is logged whole, and once when its end is repeated`, async () => {
    const { open, read, keeps = () => true, hasDatasets = true } = await bench()
    const experiment = unique()
    const run = await open(experiment).open(beginningOf('r1'), nobodyIsGone)
    const left = await leftOf()
    const told = await run.finish(left)
    const again = await open(experiment).open(beginningOf('r1'), everybodyIsGone)
    expect(again.reference).toEqual(run.reference)
    expect(await again.finish(left)).toEqual(told)
    const [found, second] = await read(experiment)
    expect(second).toBeUndefined()
    expect(found).toMatchObject({ status: 'finished', startedAt: startedAt.getTime(), endedAt: endedAt.getTime() })
    // As Python's str() prints the same values.
    const layers = "[8, 'relu', None]"
    expect(found?.params).toEqual({ alpha: '1e-05', depth: '3', flag: 'True', layers, name: 'Ж' })
    const loss = [
      [0, 0.5],
      [10, 0.25],
      [10, 0.125],
    ]
    expect(found?.metrics).toEqual({
      auc: [[0, 0.7]],
      loss,
      rate: [
        [0, 1e-3],
        [1, 1e-4],
      ],
    })
    expect(found?.tags).toMatchObject({
      'headgate.run_id': 'r1',
      'headgate.key': key,
      'mlflow.source.git.commit': 'c0ffee',
    })
    const kept = Object.entries(files).filter(([path]) => keeps(path))
    expect(found?.files).toEqual(Object.fromEntries(kept.map(([path, content]) => [path, Buffer.byteLength(content)])))
    for (const path of Object.keys(files).filter((one) => !keeps(one))) expect(told.join('\n')).toContain(path)
    if (kept.length === Object.keys(files).length) expect(told).toEqual([])
    const used = [
      ['data/größe.parquet', 'training', dataDigest],
      ['test.csv', 'test', `dvc-md5:${'9'.repeat(32)}`],
    ]
    expect(found?.datasets).toEqual(hasDatasets ? used : [])
  })

  test.each(['failed', 'killed'] as const)(`${title}: a run that was %s is called so`, async (end) => {
    const { open, read } = await bench()
    const experiment = unique()
    const run = await open(experiment).open(beginningOf('r1'), nobodyIsGone)
    const nothing = { end, artifacts: [], metrics: {}, modelDigest: null, error: 'no such column: späť' }
    expect(await run.finish(await leftOf(nothing))).toEqual([])
    await (await open(experiment).open(beginningOf('r2'), nobodyIsGone)).end(end)
    const runs = await read(experiment)
    expect(runs.map(({ status }) => status)).toEqual([end, end])
    expect(runs.find(({ tags }) => tags['headgate.run_id'] === 'r1')?.tags['headgate.error']).toBe(
      'no such column: späť',
    )
    expect(runs.every((one) => one.endedAt !== null)).toBe(true)
  })

  test(`${title}: an attempt that nobody carries on makes room, one that is settled or alive stays`, async () => {
    const { open, read } = await bench()
    const experiment = unique()
    const cut = await open(experiment).open(beginningOf('cut'), nobodyIsGone)
    const alive = await open(experiment).open(beginningOf('alive'), nobodyIsGone)
    const other = await open(experiment).open(beginningOf('other', { key: `sha256:${'b'.repeat(64)}` }), nobodyIsGone)
    const settling = open(experiment)
    const settled = await settling.open(beginningOf('settled'), nobodyIsGone)
    await settled.finish(await leftOf({ artifacts: [], modelDigest: null }))
    await settling.close({ runId: 'settled', digest: key })
    const cutAfterItsEnd = await open(experiment).open(beginningOf('cut after its end'), nobodyIsGone)
    await cutAfterItsEnd.finish(await leftOf({ artifacts: [], modelDigest: null }))
    await open(experiment).open(beginningOf('new'), async ({ runId }) => runId !== 'alive')
    const byRun = Object.fromEntries((await read(experiment)).map((run) => [run.id, run.status]))
    expect(byRun).not.toHaveProperty(cut.reference.runId)
    expect(byRun).not.toHaveProperty(cutAfterItsEnd.reference.runId)
    expect(byRun[alive.reference.runId]).toBe('running')
    expect(byRun[other.reference.runId]).toBe('killed')
    expect(byRun[settled.reference.runId]).toBe('finished')
    expect(Object.keys(byRun)).toHaveLength(4)
  })

  test(`${title}: a run is found by another, and one opened for nothing is taken back`, async () => {
    const { open, read } = await bench()
    const experiment = unique()
    const run = await open(experiment).open(beginningOf('r1'), nobodyIsGone)
    expect((await open(experiment).find('r1'))?.reference).toEqual(run.reference)
    expect(await open(experiment).find('r2')).toBeUndefined()
    await run.discard()
    expect(await read(experiment)).toEqual([])
  })

  test(`${title}: the command’s own logging is led to the run`, async () => {
    const { open } = await bench()
    const tracking = open(unique())
    const { reference, variables } = await tracking.open(beginningOf('r1'), nobodyIsGone)
    expect(variables).toMatchObject({ MLFLOW_RUN_ID: reference.runId })
    expect(reference.url).toContain(variables.MLFLOW_TRACKING_URI)
    for (const secret of tracking.secrets) expect(JSON.stringify(reference)).not.toContain(secret)
  })
}
