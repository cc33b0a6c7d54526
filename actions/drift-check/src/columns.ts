import type { ColumnDrift, Drift, MissingShare, Settings } from '@headgate/core'
import { UserError } from '@headgate/core'
import type { TestInput } from '@headgate/statistics'
import { driftTests, isTestName } from '@headgate/statistics'
import type { Table } from '@headgate/tables'
import { distributionOf } from './distribution.ts'
import { judgeMissing } from './missing.ts'
import type { Kept } from './obstacle.ts'
import { lossOf, obstacleIn, obstacleOfType } from './obstacle.ts'
import type { Pair } from './pair.ts'
import { mostIntegerCategories, testFor } from './pair.ts'
import { compareWithProfile, keptByProfile } from './profiled.ts'
import { describeReference } from './reference.ts'
import type { Declared, Side, Values } from './side.ts'
import { columnsOf, distinctUpTo, missingShareOf, readValues } from './side.ts'
import type { stage } from './stage.ts'

type DriftSettings = Pick<
  Settings<typeof stage>,
  'columns' | 'exclude' | 'id' | 'timestamp' | 'truth' | 'prediction' | 'score' | 'tests'
>
type Untested = Drift['untested'][number]

export interface Compared {
  readonly columns: readonly ColumnDrift[]
  readonly untested: readonly Untested[]
}

interface Sides {
  readonly reference: Side
  readonly current: Side & { readonly kind: 'data' }
}

/**
 * Compares every column that the settings leave; what cannot be compared is told with its reason. What the reference
 * has and current data lost counts among the compared, undecided: it may have drifted.
 */
export async function compareColumns(reference: Side, table: Table, settings: DriftSettings): Promise<Compared> {
  const sides: Sides = { reference, current: { kind: 'data', table, digest: '' } }
  const before = new Map(columnsOf(reference).map((column) => [column.name, column]))
  const after = new Map(columnsOf(sides.current).map((column) => [column.name, column]))
  const columns: ColumnDrift[] = []
  const untested: Untested[] = []
  for (const name of namesOf(before, after, settings)) {
    const known = before.get(name)
    const found = known ? await compareColumn(known, after.get(name), sides, settings) : newColumn(name)
    if ('reason' in found) untested.push(found)
    else columns.push(found)
  }
  return judgeMissing({ columns, untested }, { reference: describeReference(reference).rows, current: table.rows })
}

function newColumn(column: string): Untested {
  return { column, reason: 'The reference has no such column.', status: 'warn' }
}

function namesOf(
  before: ReadonlyMap<string, Declared>,
  after: ReadonlyMap<string, Declared>,
  { columns, exclude, id, timestamp, truth, prediction, score }: DriftSettings,
): string[] {
  const all = new Set([...before.keys(), ...after.keys()])
  const unknown = [...columns, ...exclude].filter((name) => !all.has(name))
  if (unknown.length > 0)
    throw new UserError(unknown.map((name) => ({ what: `neither side has a column ${JSON.stringify(name)}.` })))
  const unwanted = new Set<string | undefined>([...exclude, id, timestamp, truth])
  // Data to learn from has no predictions yet.
  for (const name of [prediction, score]) if (name !== undefined && !before.has(name)) unwanted.add(name)
  const wanted = columns.length > 0 ? columns : [...all]
  return wanted.filter((name) => !unwanted.has(name))
}

async function compareColumn(
  reference: Declared,
  current: Declared | undefined,
  sides: Sides,
  { tests }: DriftSettings,
): Promise<ColumnDrift | Untested> {
  const column = reference.name
  const missingShare = {
    reference: await missingShareOf(sides.reference, reference),
    current: current === undefined ? null : await missingShareOf(sides.current, current),
  }
  const loss = lossOf(reference, current, missingShare)
  const untested = (reason: string, status: Untested['status']): Untested =>
    loss === undefined
      ? { column, reason, missingShare, status }
      : { column, reason: loss, missingShare, status: 'inconclusive' }
  const ofType = obstacleOfType(reference)
  if (ofType) return untested(ofType.reason, ofType.status)
  const kept = await keptOf(sides.reference, reference)
  const obstacle = obstacleIn(reference, kept)
  if (obstacle) return untested(obstacle.reason, obstacle.status)
  if (loss !== undefined || current === undefined) return lostColumn(reference, missingShare, loss ?? '')
  const pair: Pair = { reference, current, missingShare, explicit: isTestName(tests) ? tests : undefined }
  const values = await readValues(sides.current.table, current)
  return kept.values ? compareValues(pair, kept.values, values) : compareWithProfile(pair, values)
}

async function keptOf(side: Side, column: Declared): Promise<Kept & { readonly values?: Values }> {
  if (side.kind === 'profile') return keptByProfile(column)
  const values = await readValues(side.table, column)
  return { present: values.present, texts: column.family === 'text' ? values.counts().size : null, values }
}

function lostColumn({ name, type }: Declared, missingShare: MissingShare, note: string): ColumnDrift {
  const undecided = { score: null, drifted: null, interval: null, pValue: null, status: 'inconclusive' as const }
  return { column: name, type, test: 'unknown', threshold: null, missingShare, ...undecided, note }
}

function compareValues(pair: Pair, reference: Values, current: Values): ColumnDrift {
  const { missingShare } = pair
  const type = typeOf(pair.reference, reference)
  const numbers =
    reference.numbers && current.numbers ? { reference: reference.numbers, current: current.numbers } : undefined
  const distinct = numbers
    ? distinctUpTo(mostIntegerCategories, numbers.reference, numbers.current)
    : new Set([...reference.counts().keys(), ...current.counts().keys()]).size
  const name = testFor(pair, { type, referenceRows: reference.present, distinct })
  const input: TestInput =
    type === 'num' && numbers
      ? { type, ...numbers, integer: pair.reference.type === 'integer' && pair.current.type === 'integer' }
      : { type: 'cat', reference: reference.counts(), current: current.counts() }
  const test = driftTests[name]
  const scored = test.score(input)
  const { name: column, type: declared } = pair.reference
  const described = { column, type: declared, test: name, threshold: test.threshold, missingShare }
  if (scored.score === null) {
    const undecided = { score: null, drifted: null, interval: null, pValue: null, status: 'inconclusive' as const }
    return { ...described, ...undecided, note: `No score: ${scored.reason}.` }
  }
  const drifted = test.drifted(scored.score)
  return {
    ...described,
    score: finiteOrNull(scored.score),
    drifted,
    interval: null,
    pValue: test.kind === 'p-value' ? finiteOrNull(scored.score) : null,
    status: drifted ? 'warn' : 'pass',
    ...(Number.isFinite(scored.score) ? {} : { note: 'The score is infinite.' }),
    ...(drifted ? { distribution: distributionOf(input) } : {}),
  }
}

function typeOf(column: Declared, values: Values): 'num' | 'cat' {
  if (values.numbers === undefined) return 'cat'
  if (column.type !== 'integer') return 'num'
  return distinctUpTo(mostIntegerCategories, values.numbers) <= mostIntegerCategories ? 'cat' : 'num'
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
