import type { ColumnDrift, Drift, Settings } from '@headgate/core'
import { UserError } from '@headgate/core'
import type { TestInput, TestName } from '@headgate/statistics'
import { chooseTest, driftTests, isTestName } from '@headgate/statistics'
import type { Table } from '@headgate/tables'
import { distributionOf } from './distribution.ts'
import { compareWithProfile } from './profiled.ts'
import type { Declared, Side, Values } from './side.ts'
import { columnsOf, distinctUpTo, readValues } from './side.ts'
import type { stage } from './stage.ts'

type DriftSettings = Pick<
  Settings<typeof stage>,
  'columns' | 'exclude' | 'id' | 'timestamp' | 'truth' | 'prediction' | 'score' | 'tests'
>
export type Untested = Drift['untested'][number]

export interface Compared {
  readonly columns: readonly ColumnDrift[]
  readonly untested: readonly Untested[]
}

/** A column that both sides have, and the test that was asked for. */
export interface Pair {
  readonly reference: Declared
  readonly current: Declared
  readonly explicit: TestName | undefined
}

/** Compares every column that the settings leave; what cannot be compared is told with its reason. */
export async function compareColumns(reference: Side, current: Table, settings: DriftSettings): Promise<Compared> {
  const before = new Map(columnsOf(reference).map((column) => [column.name, column]))
  const after = new Map(columnsOf({ kind: 'data', table: current, digest: '' }).map((column) => [column.name, column]))
  const columns: ColumnDrift[] = []
  const untested: Untested[] = []
  for (const name of namesOf(before, after, settings)) {
    const pair = pairOf(name, before.get(name), after.get(name), settings)
    const found = 'reason' in pair ? pair : await comparePair(pair, reference, current)
    if ('reason' in found) untested.push(found)
    else columns.push(found)
  }
  return { columns, untested }
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
  for (const name of [prediction, score])
    if (name !== undefined && !(before.has(name) && after.has(name))) unwanted.add(name)
  const wanted = columns.length > 0 ? columns : [...all]
  return wanted.filter((name) => !unwanted.has(name))
}

function pairOf(
  name: string,
  reference: Declared | undefined,
  current: Declared | undefined,
  { tests }: DriftSettings,
): Pair | Untested {
  const column = name
  if (reference === undefined) return { column, reason: 'The reference has no such column.', status: 'warn' }
  if (current === undefined) return { column, reason: 'Current data has no such column.', status: 'inconclusive' }
  return { reference, current, explicit: isTestName(tests) ? tests : undefined }
}

/** Why two columns of these types cannot be compared. */
function obstacle({ reference, current }: Pair): Untested | undefined {
  const column = reference.name
  if (reference.family !== current.family) {
    const reason = `Its type changed from ${reference.type} to ${current.type}.`
    return { column, reason, status: 'inconclusive' }
  }
  if (reference.family === 'time')
    return { column, reason: 'Times are not compared: they always move on.', status: 'pass' }
  if (reference.family !== 'other') return undefined
  const reason = `No test compares values of this type; leave it out with \`exclude: [${column}]\`.`
  return { column, reason, status: 'inconclusive' }
}

async function comparePair(pair: Pair, side: Side, table: Table): Promise<ColumnDrift | Untested> {
  const column = pair.reference.name
  const current = await readValues(table, pair.current)
  if (current.missing === current.rows)
    return { column, reason: 'Current data has no value in it.', status: 'inconclusive' }
  const inTheWay = obstacle(pair)
  if (inTheWay) return inTheWay
  if (side.kind === 'profile') return compareWithProfile(pair, current)
  const reference = await readValues(side.table, pair.reference)
  if (reference.missing === reference.rows)
    return { column, reason: 'The reference has no value in it.', status: 'inconclusive' }
  return compareValues(pair, reference, current)
}

/** The most values an integer column has that counts as categories, as in Evidently. */
export const mostIntegerCategories = 10

function compareValues(pair: Pair, reference: Values, current: Values): ColumnDrift | Untested {
  const column = pair.reference.name
  const rows = reference.rows - reference.missing
  const type = typeOf(pair.reference, reference)
  if (pair.reference.family === 'text' && reference.counts().size > rows / 2) return tooManyTexts(column)
  const numbers =
    reference.numbers && current.numbers ? { reference: reference.numbers, current: current.numbers } : undefined
  const distinct = numbers
    ? distinctUpTo(mostIntegerCategories, numbers.reference, numbers.current)
    : new Set([...reference.counts().keys(), ...current.counts().keys()]).size
  const name = testFor(pair, { type, referenceRows: rows, distinct })
  const input: TestInput =
    type === 'num' && numbers
      ? { type, ...numbers, integer: pair.reference.type === 'integer' && pair.current.type === 'integer' }
      : { type: 'cat', reference: reference.counts(), current: current.counts() }
  const test = driftTests[name]
  const scored = test.score(input)
  const missingShare = { reference: reference.missing / reference.rows, current: current.missing / current.rows }
  const described = { column, type: pair.reference.type, test: name, threshold: test.threshold, missingShare }
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

/** The test that was asked for where it can test the column, else the one that Evidently takes. */
export function testFor(pair: Pair, shape: Parameters<typeof chooseTest>[0]): TestName {
  if (pair.explicit !== undefined && driftTests[pair.explicit].allows.includes(shape.type)) return pair.explicit
  return chooseTest(shape)
}

/** Evidently takes a text column for free text when more than half of its values are distinct. */
export function tooManyTexts(column: string): Untested {
  const reason = `More than half of its texts are distinct: names or free text, which no test here compares. Name it as \`id\`, or leave it out with \`exclude: [${column}]\`.`
  return { column, reason, status: 'inconclusive' }
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
