import type { Digest, Evaluation, Problem } from '@headgate/core'
import { UserError } from '@headgate/core'
import { digestFile } from '@headgate/files'
import type { MetricName } from '@headgate/statistics'
import { metrics } from '@headgate/statistics'
import type { Cell, ColumnTable } from '@headgate/tables/columns'
import { cellText, readTable, rowPlace } from '@headgate/tables/columns'
import type { ClassChoice, Classes } from './labels.ts'
import { chooseClasses, compareLabels, counted, labelText, listed } from './labels.ts'
import type { PlaceOfRow } from './numbers.ts'
import { numbersOf } from './numbers.ts'
import type { Roles } from './roles.ts'

/** The rows that everything is judged on: what is true, and what the slices are. */
export interface Evidence {
  readonly kind: Evaluation['evidence']
  readonly task: Evaluation['task']
  readonly source: string
  readonly digest: Digest
  readonly rows: number
  /** `null` where rows are told apart by their place only. */
  readonly ids: readonly string[] | null
  /** Of two the positive one comes last. Empty in regression. */
  readonly classes: Classes
  /** The classes as `classes` names them, or sorted: the order of the score columns. */
  readonly order: Classes
  /** Class index per row, or the value in regression. */
  readonly truth: Float64Array
  readonly weights: Float64Array | undefined
  /** The value of a slice column per row. */
  readonly slices: ReadonlyMap<string, readonly string[]>
}

export interface EvidenceRequest {
  readonly kind: Evaluation['evidence']
  /** Test data, or the candidate's own file where there are none. */
  readonly path: string
  /** The path as the user wrote it. */
  readonly source: string
  readonly roles: Roles
  readonly metrics: readonly MetricName[]
  readonly sliceColumns: readonly string[]
  readonly choice: ClassChoice
  /** Whether rows must be matched with another file. */
  readonly needsIds: boolean
}

/** What stands where a row has no value in a slice column. */
export const missingValue = '(missing)'

/**
 * Reads the labelled rows.
 * @throws UserError with every mistake in them.
 */
export async function readEvidence(request: EvidenceRequest): Promise<Evidence> {
  const { roles, path, sliceColumns } = request
  const ids = request.needsIds ? [roles.id] : []
  const weight = roles.weight === undefined ? [] : [roles.weight]
  const table = await readTable(path, [...ids, roles.label, ...weight, ...sliceColumns])
  const problems: Problem[] = []
  const placeOf: PlaceOfRow = (row) => rowPlace(path, table, row)
  const { task, classes, order, truth } = readTruth(request, table, placeOf, problems)
  const evidence: Evidence = {
    kind: request.kind,
    task,
    source: request.source,
    digest: (await digestFile(path)).digest,
    rows: table.rows,
    ids: request.needsIds ? readIds(table.columns.get(roles.id) ?? [], placeOf, problems) : null,
    classes,
    order,
    truth,
    weights: roles.weight === undefined ? undefined : readWeights(table, roles.weight, placeOf, problems),
    slices: new Map(sliceColumns.map((column) => [column, (table.columns.get(column) ?? []).map(sliceText)])),
  }
  if (problems.length > 0) throw new UserError(problems)
  return evidence
}

function sliceText(cell: Cell): string {
  return cell === null ? missingValue : labelText(cell)
}

type Truth = Pick<Evidence, 'task' | 'classes' | 'order' | 'truth'>

function readTruth(request: EvidenceRequest, table: ColumnTable, placeOf: PlaceOfRow, problems: Problem[]): Truth {
  const { path, roles } = request
  const cells = table.columns.get(roles.label) ?? []
  const nulls = cells.filter(isNoLabel).length
  if (nulls > 0) {
    const { where, note } = placeOf(cells.findIndex(isNoLabel))
    problems.push({ what: `has ${counted(nulls, 'row')} without ${roles.label}.${note}`, where })
  }
  const known = cells.filter((cell) => cell !== null && !isNoLabel(cell)) as Exclude<Cell, null>[]
  if (taskOf(request, known) === 'regression') {
    const truth = numbersOf(cells, roles.label, placeOf, problems)
    return { task: 'regression', classes: [], order: [], truth }
  }
  const labels = known.map(labelText)
  const rowOf = (label: string) => cells.findIndex((cell) => cell !== null && labelText(cell) === label)
  const classes = chooseClasses(new Set(labels), request.choice, path, (label) => placeOf(rowOf(label)))
  if (!isClasses(classes)) {
    problems.push(classes)
    return { task: 'binary', classes: [], order: [], truth: new Float64Array() }
  }
  const indexes = new Map(classes.map((label, index) => [label, index]))
  const task = classes.length === 2 ? 'binary' : 'multiclass'
  if (task === 'multiclass') problems.push(...notBinary(request, classes))
  const order = request.choice.classes ?? [...classes].sort(compareLabels)
  return { task, classes, order, truth: Float64Array.from(labels, (label) => indexes.get(label) ?? 0) }
}

/** A label that is not there, also where a program wrote "not a number" in its place. */
function isNoLabel(cell: Cell): boolean {
  return cell === null || (typeof cell !== 'boolean' && /^[+-]?nan$/i.test(cellText(cell)))
}

function isClasses(classes: Classes | Problem): classes is Classes {
  return Array.isArray(classes)
}

const mostClasses = 20

/** Metrics say the task; without any, labels that are many different numbers are a regression's. */
function taskOf(request: EvidenceRequest, labels: readonly Exclude<Cell, null>[]): 'classification' | 'regression' {
  const [first] = request.metrics
  if (first !== undefined) return metrics[first].task
  const isMeasured = labels.every((label) => label !== '' && Number.isFinite(Number(label)))
  return isMeasured && new Set(labels).size > mostClasses ? 'regression' : 'classification'
}

const binaryOnly: ReadonlySet<MetricName> = new Set(['precision', 'recall', 'f1', 'roc_auc', 'average_precision'])

function notBinary({ metrics: names, roles, path }: EvidenceRequest, classes: Classes): Problem[] {
  const what = `has ${classes.length} labels: ${listed(classes)}.`
  const where = { file: path }
  const binary = names.filter((name) => binaryOnly.has(name))
  const scored = names.filter((name) => metrics[name].needs === 'score' && !binaryOnly.has(name))
  const problems: Problem[] = []
  if (binary.length > 0)
    problems.push({
      what: `${what} Exactly two are needed for ${binary.join(', ')}.`,
      where,
      fix: 'Name a binary column with `label`, or use accuracy, balanced_accuracy, f1_macro or log_loss.',
    })
  if (scored.length > 0 && roles.scores.length !== classes.length)
    problems.push({
      what: `${what} A score column for each is needed for ${scored.join(', ')}; \`score\` names ${roles.scores.length}.`,
      where,
      fix: 'Name them with `score`, in the order of `classes`.',
    })
  return problems
}

/**
 * The ids of a file's rows; a row without one has the empty text.
 * @param problems gets rows without id, and ids that several rows have, each with the first such row.
 */
export function readIds(cells: readonly Cell[], placeOf: PlaceOfRow, problems: Problem[]): string[] {
  const ids = cells.map((cell) => (cell === null ? '' : cellText(cell)))
  problems.push(...idProblems(ids, placeOf))
  return ids
}

function idProblems(ids: readonly string[], placeOf: PlaceOfRow): Problem[] {
  const seen = new Set<string>()
  const twice = new Map<string, number>()
  let without = 0
  ids.forEach((id, row) => {
    if (id === '') without += 1
    else if (!seen.has(id)) seen.add(id)
    else if (!twice.has(id)) twice.set(id, row)
  })
  const problems: Problem[] = []
  const fix = 'An id must name one row: mend the data, or name another column with `id`.'
  if (without > 0) {
    const { where, note } = placeOf(ids.indexOf(''))
    problems.push({ what: `has ${counted(without, 'row')} without id.${note}`, where, fix })
  }
  const [again] = twice.values()
  if (again !== undefined) {
    const { where, note } = placeOf(again)
    const what = `has ${counted(twice.size, 'duplicate id')}: ${listed([...twice.keys()])}.${note}`
    problems.push({ what, where, fix })
  }
  return problems
}

function readWeights(table: ColumnTable, column: string, placeOf: PlaceOfRow, problems: Problem[]): Float64Array {
  const weights = numbersOf(table.columns.get(column) ?? [], column, placeOf, problems)
  const negative = weights.findIndex((weight) => weight < 0)
  if (negative >= 0) {
    const { where, note } = placeOf(negative)
    problems.push({ what: `the weights in ${column} must not be negative.${note}`, where })
  }
  return weights
}
