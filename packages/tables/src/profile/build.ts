import type { ColumnProfile, Profile } from '@headgate/core'
import type { Row } from '../port.ts'
import type { Table, TableColumn } from '../table.ts'
import { dataState } from '../table.ts'
import { categoriesOf, namedCategories } from './categories.ts'
import { equiDepthEdges, fillHistograms } from './histogram.ts'

/**
 * Profiles a table in four queries, however many columns it has: numbers, categories, edges, histograms.
 * @param options.reference the profile whose edges are taken, so that both can be compared
 */
export async function buildProfile(table: Table, options: { reference?: Profile | undefined } = {}): Promise<Profile> {
  const facts = await readFacts(table)
  const categories = await readCategories(table, facts)
  const numeric = table.columns.filter(isNumeric)
  const taken = new Map(
    (options.reference?.columns ?? []).flatMap((column) =>
      column.histogram ? [[column.column, column.histogram.edges] as const] : [],
    ),
  )
  const own = await equiDepthEdges(
    table,
    numeric.filter((column) => !taken.has(column.name)),
  )
  const wanted = numeric.flatMap((column) => {
    const edges = taken.get(column.name) ?? own.get(column.name)
    return edges === undefined ? [] : [{ column, edges }]
  })
  const histograms = await fillHistograms(table, wanted)
  return {
    data: await dataState(table),
    columns: table.columns.map((column, index) => ({
      ...factsOf(table, column, facts, index),
      categories: categories.get(column.name) ?? null,
      histogram: histograms.get(column.name) ?? null,
    })),
  }
}

function isNumeric(column: TableColumn): boolean {
  return column.type === 'integer' || column.type === 'float'
}

/** One scan for the counts, extremes and moments of all columns. */
async function readFacts(table: Table): Promise<Row> {
  const aggregates = table.columns.flatMap((column, index) =>
    Object.entries(factQueries(table, column)).map(([name, sql]) => `${sql} AS ${name}${index}`),
  )
  const [row = {}] = await table.engine.query(`SELECT ${aggregates.join(', ')} FROM ${table.relation}`)
  return row
}

function factQueries(table: Table, column: TableColumn): Record<string, string> {
  const { dialect } = table.engine
  const { value } = column
  const nulls = dialect.countWhere(`${value} IS NULL`)
  if (column.type === 'other') return { nulls }
  const isFloat = column.type === 'float'
  const notNan = isFloat ? ` FILTER (WHERE NOT ${dialect.isNan(value)})` : ''
  const distinct = `count(DISTINCT ${value})${notNan}`
  if (column.type === 'timestamp') {
    const time = dialect.epochMilliseconds(value)
    return { nulls, distinct, low: `min(${time})`, high: `max(${time})` }
  }
  if (!isNumeric(column)) return { nulls, distinct }
  const x = dialect.asDouble(value)
  const finite = ` FILTER (WHERE ${dialect.isFinite(x)})`
  return {
    nulls,
    distinct,
    ...(isFloat && {
      nan: dialect.countWhere(dialect.isNan(value)),
      inf: dialect.countWhere(`NOT ${dialect.isNan(value)} AND NOT ${dialect.isFinite(value)}`),
    }),
    low: `min(${x})${finite}`,
    high: `max(${x})${finite}`,
    finite: `count(${x})${finite}`,
    mean: `avg(${x})${finite}`,
    var: `var_pop(${x})${finite}`,
  }
}

function factsOf(
  table: Table,
  column: TableColumn,
  facts: Row,
  index: number,
): Omit<ColumnProfile, 'categories' | 'histogram'> {
  const read = (name: string): number | null => {
    const value = facts[`${name}${index}`]
    return value === undefined || value === null || !Number.isFinite(Number(value)) ? null : Number(value)
  }
  const count = read('finite')
  const variance = read('var')
  return {
    column: column.name,
    type: column.type,
    rows: table.rows,
    nulls: read('nulls') ?? 0,
    nan: read('nan') ?? 0,
    infinite: read('inf') ?? 0,
    distinct: read('distinct'),
    minimum: read('low'),
    maximum: read('high'),
    moments: count === null ? null : { count, mean: read('mean'), m2: variance === null ? null : variance * count },
  }
}

/** One query for the counts of all columns that have categories: texts, truth values, and few distinct integers. */
async function readCategories(
  table: Table,
  facts: Row,
): Promise<ReadonlyMap<string, NonNullable<ColumnProfile['categories']>>> {
  const chosen = table.columns.filter((column, index) => {
    if (column.type === 'string' || column.type === 'boolean') return true
    return column.type === 'integer' && Number(facts[`distinct${index}`]) <= namedCategories
  })
  if (chosen.length === 0) return new Map()
  const parts = chosen.map(
    (column, index) =>
      `SELECT ${index} AS part, ${table.engine.dialect.asText(column.value)} AS v, count(*) AS n ` +
      `FROM ${table.relation} WHERE ${column.value} IS NOT NULL GROUP BY v`,
  )
  const counts = chosen.map(() => new Map<string, number>())
  for (const row of await table.engine.query(parts.join(' UNION ALL ')))
    counts[Number(row.part)]?.set(String(row.v), Number(row.n))
  return new Map(chosen.map((column, index) => [column.name, categoriesOf(column.name, counts[index] ?? new Map())]))
}
