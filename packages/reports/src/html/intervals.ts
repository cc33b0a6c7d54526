import type { IntervalMark } from '@headgate/core'
import type { CustomSeriesOption } from 'echarts/charts'
import { number } from '../numbers.ts'
import { colourOf, placeholder } from './colours.ts'

type RenderItem = NonNullable<CustomSeriesOption['renderItem']>

/** Each mark as a dot on its interval, with the limit as a thick stroke and the value beside the plot. */
export function intervalSeries(marks: readonly IntervalMark[]): CustomSeriesOption[] {
  const data = marks.map(({ low, point, high, limit }, index) =>
    [low, point, high, limit ?? null, index].map((value) => value ?? Number.NaN),
  )
  const renderItem: RenderItem = (params, api) => {
    const mark = marks[params.dataIndex]
    if (mark === undefined) return null
    const at = (value: number): readonly number[] => api.coord([value, params.dataIndex])
    return { type: 'group', children: [...strokes(mark, at), ...dot(mark, at), valueText(mark, api.getWidth(), at)] }
  }
  return [{ type: 'custom', silent: true, encode: { x: [0, 1, 2, 3], y: 4 }, data, renderItem }]
}

type At = (value: number) => readonly number[]

function strokes({ low, high, limit, status }: IntervalMark, at: At) {
  const colour = placeholder(colourOf(status))
  const found = []
  if (low !== null && high !== null) {
    const [[left = 0, y = 0], [right = 0]] = [at(low), at(high)]
    found.push(line(left, y, right, y, colour, 2), line(left, y - 5, left, y + 5, colour, 2))
    found.push(line(right, y - 5, right, y + 5, colour, 2))
  }
  if (limit !== undefined) {
    const [x = 0, y = 0] = at(limit)
    found.push(line(x, y - 10, x, y + 10, placeholder('ink'), 3))
  }
  return found
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string, lineWidth: number) {
  return { type: 'line' as const, shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth } }
}

function dot({ point, status }: IntervalMark, at: At) {
  if (point === null) return []
  const [cx = 0, cy = 0] = at(point)
  return [{ type: 'circle' as const, shape: { cx, cy, r: 5 }, style: { fill: placeholder(colourOf(status)) } }]
}

function valueText({ low, point, high }: IntervalMark, width: number, at: At) {
  const [, y = 0] = at(point ?? low ?? high ?? 0)
  const style = {
    text: number(point),
    fill: placeholder('ink'),
    fontSize: 12,
    fontFamily: 'inherit',
    verticalAlign: 'middle' as const,
  }
  return { type: 'text' as const, x: width - 56, y, style }
}
