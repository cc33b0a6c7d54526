import type { Document, MetricResult } from '@headgate/core'
import { canonicalJson, evaluationSchema, strictJson } from '@headgate/core'
import type { Assessment } from '@headgate/gate'

const most = 10

/**
 * Where a document says something else than what was found, in sentences with both values; up to 10, and how many
 * more there are.
 */
export function differencesOf(told: Document<'evaluation'>, { verdict, summary, body }: Assessment): string[] {
  // As a reader of the document would have it.
  const found = evaluationSchema.parse(JSON.parse(strictJson(body)))
  const all = [
    ...(told.verdict === verdict
      ? []
      : [`evaluation.json says ${told.verdict}; recomputed from the predictions it is ${verdict}: ${summary}`]),
    ...facts.flatMap((fact) => differing(fact, told[fact], found[fact])),
    ...differing('rows of test data', told.testData?.rows, found.testData?.rows),
    ...metricDifferences(told.metrics, found.metrics),
    ...(isSame(told.confusion, found.confusion) ? [] : ['The confusion in evaluation.json is not the recomputed one.']),
    ...(isSame(told.calibration, found.calibration)
      ? []
      : ['The calibration in evaluation.json is not the recomputed one.']),
  ]
  return all.length > most ? [...all.slice(0, most), `And ${all.length - most} more differences.`] : all
}

const facts = ['task', 'evidence', 'baseline', 'bootstrap', 'seed'] as const

function differing(name: string, told: unknown, found: unknown): string[] {
  if (isSame(told, found)) return []
  return [`${name}: evaluation.json says ${textOf(told)}; recomputed it is ${textOf(found)}.`]
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Rows belong together by metric, slice and rule: each is held against the first that is left of its kind. */
function metricDifferences(told: readonly MetricResult[], found: readonly MetricResult[]): string[] {
  const left = [...told]
  const differences = found.flatMap((row) => {
    const at = left.findIndex((other) => keyOf(other) === keyOf(row))
    const [same] = at < 0 ? [] : left.splice(at, 1)
    return same ? rowDifferences(same, row) : [`evaluation.json lacks the row ${nameOf(row)}, which is ${row.status}.`]
  })
  return [...differences, ...left.map((row) => `evaluation.json has a row ${nameOf(row)} that nothing here asks for.`)]
}

function keyOf({ metric, slice, rule }: MetricResult): string {
  return canonicalJson([metric, slice, rule])
}

function nameOf({ metric, slice, rule }: MetricResult): string {
  const where = slice === null ? metric : `${metric} in ${slice}`
  return rule === null ? where : `${where} under ${canonicalJson(rule)}`
}

const judgedFields = ['status', 'rows', 'candidate', 'baseline', 'difference', 'interval', 'pValue', 'method'] as const

function rowDifferences(told: MetricResult, found: MetricResult): string[] {
  const scale = Math.max(Math.abs(found.candidate ?? 0), Math.abs(found.baseline ?? 0))
  const where = found.slice === null ? found.metric : `${found.metric} in ${found.slice}`
  return judgedFields.flatMap((field) =>
    isSame(told[field], found[field], field === 'pValue' ? 1 : scale)
      ? []
      : differing(`${where}, ${field}`, told[field], found[field]),
  )
}

/** Two machines may round the last digits of a logarithm differently; no verdict turns on less than this share. */
const tolerance = 1e-9

/**
 * Whether two JSON values are the same, numbers up to the rounding of another machine.
 * @param scale the size of what the numbers are differences of, where that is more than their own.
 */
function isSame(one: unknown, other: unknown, scale = 0): boolean {
  if (typeof one === 'number' && typeof other === 'number')
    return Math.abs(one - other) <= tolerance * Math.max(scale, Math.abs(one), Math.abs(other))
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other
  const [left, right] = [Object.entries(one), other as Readonly<Record<string, unknown>>]
  return left.length === Object.keys(right).length && left.every(([key, value]) => isSame(value, right[key], scale))
}
