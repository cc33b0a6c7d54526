import { basename, join } from 'node:path'
import type { Document, Reproduction, Status } from '@headgate/core'
import { messageOf, UserError } from '@headgate/core'
import {
  assess,
  fileBaseline,
  loadGateBlock,
  many,
  metricNames,
  openEvidence,
  type Predictions,
  readPolicy,
  readPredictions,
  rolesOf,
} from '@headgate/gate'
import { type Runner, settingsSource } from '@headgate/runners'
import type { Origin } from './origin.ts'
import { allowedOf, type Tolerance } from './tolerance.ts'

type Compared = Pick<Reproduction, 'basis' | 'basisReason' | 'metrics' | 'predictions'>
type Row = Reproduction['metrics'][number]

export interface Both {
  readonly origin: Origin
  readonly again: Document<'training'>
  /** Absolute path of the new training’s output. */
  readonly output: string
  readonly tolerance: Tolerance
  /** The runner in the checkout. */
  readonly runner: Runner
}

/**
 * The best comparison that there is: the gate’s metrics of both predictions on the test data, else what the training
 * code wrote of itself.
 */
export async function compareMetrics(both: Both): Promise<Compared> {
  const { again, origin, tolerance } = both
  const obstacle = obstacleOf(both)
  const found = obstacle === undefined ? await byPredictions(both).catch(asReason) : obstacle
  if (typeof found !== 'string') return found
  const metrics = rowsOf(origin.training.metrics, again.metrics, tolerance)
  const none = { predictions: null, basisReason: found }
  if (metrics.length > 0) return { ...none, basis: 'metrics.json', metrics }
  return { ...none, basis: 'none', metrics, basisReason: `${found} The training code wrote no metrics.json.` }
}

/** What cannot be read by the commit’s settings is no bug, and no reason against the training. */
function asReason(error: unknown): string {
  if (!(error instanceof UserError)) throw error
  return `the predictions could not be measured: ${messageOf(error)}`
}

function obstacleOf({ origin, again }: Both): string | undefined {
  if (origin.predictions === undefined) return 'the version does not keep the predictions of its training.'
  if (again.predictions === null) return 'the training left no predictions.'
  if (!origin.evaluation?.testData) return 'the version was not judged on test data.'
  return undefined
}

async function byPredictions({ origin, again, output, tolerance, runner }: Both): Promise<Compared | string> {
  const source = settingsSource(runner)
  const settings = await loadGateBlock(origin.training.model, source)
  const { testData } = settings
  if (testData === undefined) return 'its commit names no `test-data`.'
  const policy = await readPolicy(settings.policy, settings, source.read)
  const names = metricNames(policy, many(settings.metrics))
  const rulebook = { settings, policy, ref: null, changed: undefined, caveats: [] }
  const path = join(output, again.predictions?.path ?? '')
  const facts = {
    source: basename(path),
    digest: again.predictions?.digest ?? '',
    modelDigest: null,
    trainingKey: null,
  }
  const candidate = { path, facts }
  const evidence = await openEvidence(rulebook, names, candidate, runner.workspace)
  const told = origin.evaluation?.testData?.digest
  if (evidence.digest !== told) return `the test data ${testData} is not what the version was judged on.`
  const read = (file: string): Promise<Predictions> => readPredictions(file, evidence, rolesOf(settings), names)
  const kept = origin.predictions ?? ''
  const [predictions, before] = [await read(path), await read(kept)]
  const baseline = fileBaseline({ predictions: before, source: basename(kept), path: kept })
  const { body } = assess({ rulebook, names, evidence, candidate, predictions, baseline, bootstrap: false })
  const rows = body.metrics
    .filter(({ rule }) => rule?.maxGap === undefined)
    .map(({ metric, slice, candidate: is, baseline: was }) => rowOf({ metric, slice, was, is }, tolerance))
  const once = rows.filter((row, index) => rows.findIndex((other) => isAbout(other, row)) === index)
  const compared = comparePredictions(before, predictions, evidence.rows, tolerance)
  return { basis: 'predictions', basisReason: '', metrics: once, predictions: compared }
}

function isAbout(one: Row, other: Row): boolean {
  return one.metric === other.metric && one.slice === other.slice
}

function rowsOf(
  was: Document<'training'>['metrics'],
  is: Document<'training'>['metrics'],
  tolerance: Tolerance,
): Row[] {
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])]
  return names.map((metric) => {
    const row = rowOf({ metric, slice: null, was: was[metric] ?? null, is: is[metric] ?? null }, tolerance)
    return metric in was === metric in is ? row : { ...row, status: 'fail' }
  })
}

function rowOf(row: Pick<Row, 'metric' | 'slice' | 'was' | 'is'>, tolerance: Tolerance): Row {
  const { was, is } = row
  if (was === null || is === null) {
    const status: Status = was === is ? 'pass' : 'fail'
    return { ...row, difference: null, allowed: null, status }
  }
  const [difference, allowed] = [is - was, allowedOf(tolerance, was)]
  return { ...row, difference, allowed, status: Math.abs(difference) <= allowed ? 'pass' : 'fail' }
}

/** Row by row, as the evidence has them. */
function comparePredictions(
  was: Predictions,
  is: Predictions,
  rows: number,
  tolerance: Tolerance,
): Reproduction['predictions'] {
  const differing = new Set<number>()
  let largest: number | null = null
  const compare = (before: Float64Array | undefined, now: Float64Array | undefined, isMeasured: boolean): void => {
    if (before === undefined || now === undefined || rows === 0) return
    const perRow = before.length / rows
    before.forEach((value, at) => {
      const distance = Math.abs((now[at] ?? Number.NaN) - value)
      if (isMeasured) largest = Math.max(largest ?? 0, distance)
      if (!(distance <= (isMeasured ? allowedOf(tolerance, value) : 0))) differing.add(Math.floor(at / perRow))
    })
  }
  compare(was.labels, is.labels, false)
  compare(was.scores, is.scores, true)
  compare(was.values, is.values, true)
  return { rows, differing: differing.size, largest }
}
