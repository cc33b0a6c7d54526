import type { Digest, Problem } from '@headgate/core'
import { UserError } from '@headgate/core'
import { digestFile } from '@headgate/files'
import type { MetricName } from '@headgate/statistics'
import { metrics } from '@headgate/statistics'
import type { Cell, ColumnTable } from '@headgate/tables/columns'
import { readTable, rowPlace } from '@headgate/tables/columns'
import type { Evidence } from './evidence.ts'
import { readIds } from './evidence.ts'
import { counted, labelText, listed } from './labels.ts'
import type { PlaceOfRow } from './numbers.ts'
import { numbersOf } from './numbers.ts'
import type { Roles } from './roles.ts'
import { neededColumns, needsOf } from './roles.ts'

/** A model's predictions, row by row as the evidence has them. */
export interface Predictions {
  readonly digest: Digest
  /** Class index per row. */
  readonly labels: Float64Array | undefined
  /** Probability of the positive class per row, or rows × classes. */
  readonly scores: Float64Array | undefined
  readonly values: Float64Array | undefined
}

/** What a metric reads of the predictions. */
export function inputOf(metric: MetricName, predictions: Predictions): Float64Array | undefined {
  return { label: predictions.labels, score: predictions.scores, value: predictions.values }[metrics[metric].needs]
}

/**
 * Reads predictions of exactly the rows of the evidence.
 * @throws UserError with every mistake in them: ids, classes, scores.
 */
export async function readPredictions(
  path: string,
  evidence: Evidence,
  roles: Roles,
  names: readonly MetricName[],
): Promise<Predictions> {
  const needed = neededColumns(names, roles)
  const ids = evidence.ids === null ? [] : [roles.id]
  // What no metric needs is shown where it is there: confusion and calibration.
  const table = await readTable(path, [...ids, ...needed], [roles.prediction, ...roles.scores])
  const problems: Problem[] = []
  const placeOf: PlaceOfRow = (row) => rowPlace(path, table, row)
  const order = orderOf(table, evidence, roles, path, placeOf, problems)
  if (problems.length > 0) throw new UserError(problems)
  const needs = needsOf(names)
  const read: Reading = {
    cells: (name) => table.columns.get(name),
    arranged: (values) => Float64Array.from(order, (row) => values[row] ?? 0),
    evidence,
    roles,
    placeOf,
  }
  const isRegression = evidence.task === 'regression'
  const predictions: Predictions = {
    digest: (await digestFile(path)).digest,
    labels: isRegression ? undefined : readLabels(read, problemsIf(needs.has('label'), problems)),
    scores: isRegression ? undefined : readScores(read, names, problemsIf(needs.has('score'), problems)),
    values: needs.has('value') ? read.arranged(readNumbers(read, roles.prediction, problems)) : undefined,
  }
  if (problems.length > 0) throw new UserError(problems)
  return predictions
}

/** Mistakes in what nothing rests on are dropped, and so is what they are in. */
function problemsIf(matter: boolean, problems: Problem[]): Problem[] | undefined {
  return matter ? problems : undefined
}

function orderOf(
  table: ColumnTable,
  evidence: Evidence,
  roles: Roles,
  path: string,
  placeOf: PlaceOfRow,
  problems: Problem[],
): ArrayLike<number> {
  if (evidence.ids === null) {
    if (table.rows !== evidence.rows)
      problems.push({ what: `has ${table.rows} rows, not ${evidence.rows}.`, where: { file: path } })
    return Int32Array.from({ length: table.rows }, (_, row) => row)
  }
  const ids = readIds(table.columns.get(roles.id) ?? [], placeOf, problems)
  const rows = new Map(ids.map((id, row) => [id, row]))
  const known = new Set(evidence.ids)
  const missing = evidence.ids.filter((id) => !rows.has(id))
  const extra = [...rows.keys()].filter((id) => id !== '' && !known.has(id))
  const fix = `Predict exactly the rows of ${evidence.source}.`
  if (missing.length > 0)
    problems.push({
      what: `lacks ${counted(missing.length, 'id')} of the test rows: ${listed(missing)}.`,
      where: { file: path },
      fix,
    })
  if (extra.length > 0) {
    const { where, note } = placeOf(ids.indexOf(extra[0] ?? ''))
    problems.push({
      what: `has ${counted(extra.length, 'id')} that no test row has: ${listed(extra)}.${note}`,
      where,
      fix,
    })
  }
  return Int32Array.from(evidence.ids, (id) => rows.get(id) ?? 0)
}

interface Reading {
  /** The cells of a column in the order of their file. */
  readonly cells: (name: string) => readonly Cell[] | undefined
  /** Values in the order of their file, as the evidence orders its rows. */
  readonly arranged: (values: Float64Array) => Float64Array
  readonly evidence: Evidence
  readonly roles: Roles
  readonly placeOf: PlaceOfRow
}

function readNumbers({ cells, placeOf }: Reading, column: string, problems: Problem[]): Float64Array {
  return numbersOf(cells(column) ?? [], column, placeOf, problems)
}

function readLabels(reading: Reading, problems: Problem[] | undefined): Float64Array | undefined {
  const { evidence, roles, placeOf } = reading
  const cells = reading.cells(roles.prediction)
  if (cells === undefined) return undefined
  const indexes = new Map(evidence.classes.map((label, index) => [label, index]))
  const strange = new Map<string, number>()
  const labels = Float64Array.from(cells, (cell, row) => {
    const text = cell === null ? '' : labelText(cell)
    const index = indexes.get(text)
    if (index === undefined && !strange.has(text)) strange.set(text, row)
    return index ?? 0
  })
  const [first] = strange.values()
  if (first === undefined) return reading.arranged(labels)
  const { where, note } = placeOf(first)
  const values = listed([...strange.keys()])
  const what = `${roles.prediction} has values that are no class: ${values}; the classes are ${listed(evidence.classes)}.${note}`
  problems?.push({ what, where })
  return undefined
}

const ofProbabilities: ReadonlySet<MetricName> = new Set(['log_loss', 'brier_score', 'ece'])

function readScores(
  reading: Reading,
  names: readonly MetricName[],
  problems: Problem[] | undefined,
): Float64Array | undefined {
  const { evidence, roles, placeOf } = reading
  const found: Problem[] = []
  const columns = scoreColumns(evidence, roles)
  const scores = columns.map((name) => readNumbers(reading, name, found))
  const isThere = columns.every((name) => reading.cells(name) !== undefined)
  const strict = names.filter((name) => ofProbabilities.has(name))
  columns.forEach((name, index) => {
    const outside = scores[index]?.findIndex((score) => score < 0 || score > 1) ?? -1
    if (outside >= 0 && strict.length > 0) {
      const { where, note } = placeOf(outside)
      const what = `${name} is outside of 0 to 1, such as ${scores[index]?.[outside]}: ${strict.join(', ')} must have probabilities.${note}`
      found.push({ what, where, fix: 'Write probabilities, or use metrics of ranks.' })
    }
  })
  problems?.push(...found)
  if (!isThere || found.length > 0) return undefined
  const arranged = scores.map(reading.arranged)
  if (arranged.length === 1) return arranged[0]
  return Float64Array.from({ length: evidence.rows * arranged.length }, (_, at) => {
    const column = arranged[at % arranged.length]
    return column?.[Math.floor(at / arranged.length)] ?? 0
  })
}

/** Of two classes one column, the positive class's; `score` may name both, in the order of `classes`. */
function scoreColumns({ classes, order }: Evidence, { scores }: Roles): readonly string[] {
  if (classes.length !== 2 || scores.length === 1) return scores
  return scores.slice(order.indexOf(classes[1] ?? ''), order.indexOf(classes[1] ?? '') + 1)
}
