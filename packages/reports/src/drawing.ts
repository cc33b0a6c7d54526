import type { Chart, IntervalMark, Series } from '@headgate/core'
import { inertText, shorten } from './inert.ts'
import { number } from './numbers.ts'
import { words } from './words.ts'

type Plot = Extract<Chart, { type: 'bars' | 'lines' }>

const mostRows = 25
const longestLabel = 28
/** What happened at a moment stands last in its line, and may be a sentence. */
const longestEvent = 90
const trackWidth = 31
const barWidth = 24
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const levels = '▁▂▃▄▅▆▇█'

/** A chart in characters of one width, for a fence in Markdown and for the terminal; at most 27 lines. */
export function drawChart(chart: Chart): string[] {
  if (chart.type === 'intervals') return drawIntervals(chart.marks, chart.unit)
  if (chart.type === 'bars') return drawBars(chart)
  if (chart.type === 'lines') return drawLines(chart)
  return columns(
    chart.points.map(({ at, label, status }) => [
      `${words[status].mark} ${nameOf(at.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*$/, '$1 $2'))}`,
      words[status].short,
      shorten(inertText(label), longestEvent),
    ]),
  )
}

function nameOf(text: string): string {
  return shorten(inertText(text), longestLabel)
}

function drawIntervals(marks: readonly IntervalMark[], unit = ''): string[] {
  const values = marks.flatMap((mark) => [mark.low, mark.point, mark.high, mark.limit ?? null])
  const scale = scaleOf(values, trackWidth - 1)
  if (scale === undefined) return []
  return columns(
    marks.map((mark) => [
      `${words[mark.status].mark} ${nameOf(mark.label)}`,
      track(mark, scale),
      `${number(mark.point)}${unit === '' ? '' : ` ${nameOf(unit)}`}`,
      mark.limit === undefined ? '' : `limit ${number(mark.limit)}`,
    ]),
  )
}

/** `├──●──┤` with the limit as `┃`, on the common scale. */
function track(mark: IntervalMark, at: (value: number) => number): string {
  const cells = Array.from({ length: trackWidth }, () => ' ')
  const { low, point, high, limit } = mark
  if (low !== null && high !== null) {
    for (let cell = at(low); cell <= at(high); cell += 1) cells[cell] = '─'
    cells[at(low)] = '├'
    cells[at(high)] = '┤'
  }
  if (limit !== undefined) cells[at(limit)] = '┃'
  if (point !== null) cells[at(point)] = '●'
  return cells.join('')
}

/** One line for each label; several series stand side by side under their names. */
function drawBars(plot: Plot): string[] {
  const most = Math.max(0, ...finite(plot.series.flatMap(({ values }) => values)).map(Math.abs), plot.limit ?? 0)
  const width = Math.max(8, Math.floor(barWidth / Math.max(1, plot.series.length)))
  const names = plot.series.length > 1 ? [['', ...plot.series.flatMap(({ name }) => [nameOf(name), ''])]] : []
  const rows = plot.labels.map((label, index) => [
    nameOf(label),
    ...plot.series.flatMap(({ values }) => [bar(values[index] ?? null, most, width), number(values[index])]),
  ])
  return columns([...names, ...rows], limitLine(plot.limit))
}

function bar(value: number | null, most: number, width: number): string {
  if (value === null || most === 0) return ''
  const size = Math.round((Math.abs(value) / most) * width * 8)
  return '█'.repeat(Math.floor(size / 8)) + (eighths[size % 8] ?? '')
}

function drawLines(plot: Plot): string[] {
  return columns(
    plot.series.map((series) => [nameOf(series.name), sparkline(series.values), ends(series)]),
    limitLine(plot.limit),
  )
}

/** At most 40 levels; a gap is a space. */
function sparkline(values: readonly (number | null)[]): string {
  const scale = scaleOf(values, levels.length - 1)
  const shown = values.slice(-40)
  return shown.map((value) => (value === null || scale === undefined ? ' ' : levels[scale(value)])).join('')
}

function ends({ values }: Series): string {
  const present = finite(values)
  return present.length === 0 ? '' : `${number(present[0])} → ${number(present.at(-1))}`
}

function limitLine(limit: number | undefined): string[] {
  return limit === undefined ? [] : [`limit ${number(limit)}`]
}

function scaleOf(values: readonly (number | null)[], steps: number): ((value: number) => number) | undefined {
  const present = finite(values)
  if (present.length === 0) return undefined
  const [low, high] = [Math.min(...present), Math.max(...present)]
  return (value) => (high === low ? Math.floor(steps / 2) : Math.round(((value - low) / (high - low)) * steps))
}

function finite(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null)
}

/** Cells padded to columns, the rows beyond the first 25 counted instead of drawn. */
function columns(rows: readonly (readonly string[])[], after: readonly string[] = []): string[] {
  const shown = rows.slice(0, mostRows)
  const widths = (shown[0] ?? []).map((_, index) => Math.max(...shown.map((row) => [...(row[index] ?? '')].length)))
  const lines = shown.map((row) =>
    row
      .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - [...cell].length))
      .join('  ')
      .trimEnd(),
  )
  const rest = rows.length - shown.length
  return [...lines, ...(rest > 0 ? [`… and ${rest} more`] : []), ...after]
}
