import type { Digest, Drift, Settings } from '@headgate/core'
import { digestOfValue, UserError } from '@headgate/core'
import type { Table } from '@headgate/tables'
import { numericColumn } from '@headgate/tables'
import type { stage } from './stage.ts'

type WindowSettings = Pick<Settings<typeof stage>, 'timestamp' | 'window' | 'until'>
type Range = NonNullable<Drift['current']['window']>

/** Which rows of current data are wanted: [from, until), in UTC. `undefined`: all. */
export function wantedRange(
  { timestamp, window, until }: WindowSettings,
  now: Date,
): { readonly timestamp: string; readonly from?: Date | undefined; readonly until: Date } | undefined {
  if (window === undefined && until === undefined) return undefined
  if (timestamp === undefined) {
    const fix = 'Name the column with the time of a row as `timestamp`.'
    throw new UserError({ what: '`window` and `until` need to know when a row happened.', fix })
  }
  const end = until === undefined ? startOf(window ?? 'day', now) : new Date(until)
  return { timestamp, from: window && before(end, window), until: end }
}

/** Midnight (UTC) at the start of this day, ISO week or month. */
function startOf(window: 'day' | 'week' | 'month', now: Date): Date {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()]
  if (window === 'month') return new Date(Date.UTC(year, month, 1))
  return new Date(Date.UTC(year, month, window === 'week' ? day - ((now.getUTCDay() + 6) % 7) : day))
}

function before(end: Date, window: 'day' | 'week' | 'month'): Date {
  const from = new Date(end)
  if (window === 'month') from.setUTCMonth(from.getUTCMonth() - 1)
  else from.setUTCDate(from.getUTCDate() - (window === 'week' ? 7 : 1))
  return from
}

/** When the rows happened: the wanted range where there is one, else from the first to the last of them. */
export async function rangeOf(
  table: Table,
  { timestamp }: WindowSettings,
  wanted: ReturnType<typeof wantedRange>,
): Promise<Range | null> {
  if (wanted?.from) return { from: wanted.from.toISOString(), until: wanted.until.toISOString() }
  if (timestamp === undefined || table.rows === 0) return null
  const { type } = table.columns.find(({ name }) => name === timestamp) ?? {}
  const where = { file: table.source.location }
  if (type !== undefined && type !== 'timestamp')
    throw new UserError({ what: `the \`timestamp\` ${timestamp} is of type ${type}, no time.`, where })
  const { values } = await numericColumn(table, timestamp)
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) [first, last] = [Math.min(first, value), Math.max(last, value)]
  if (!Number.isFinite(first)) throw new UserError({ what: `the \`timestamp\` ${timestamp} has no value.`, where })
  return { from: new Date(first).toISOString(), until: new Date(last).toISOString() }
}

/** A window's name in the ledger: the same rows at the same time have the same. */
export function windowId(range: Range | null, digest: Digest): string {
  const content = digestOfValue([range, digest]).slice('sha256:'.length, 'sha256:'.length + 8)
  return range === null ? `window-${content}` : `${range.from.slice(0, 10)}-to-${range.until.slice(0, 10)}-${content}`
}
