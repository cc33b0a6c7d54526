import type { Block, Chart, Status, Verdict } from '@headgate/core'
import { type EChartsCoreOption, init } from 'echarts/dist/echarts.esm.min'
import { inertText, joiner, shorten } from '../inert.ts'
import { number } from '../numbers.ts'
import { type Colour, colourOf, placeholder, withVariables } from './colours.ts'
import { escapeHtml, textHtml } from './escape.ts'
import { intervalSeries } from './intervals.ts'

type ChartBlock = Extract<Block, { block: 'chart' }>
type Intervals = Extract<Chart, { type: 'intervals' }>
type Plot = Extract<Chart, { type: 'bars' | 'lines' }>
type Timeline = Extract<Chart, { type: 'timeline' }>

interface Drawing {
  readonly height: number
  readonly option: EChartsCoreOption
  /** How to read it, where the marks do not say so themselves. */
  readonly key?: string
}

const fontSize = 12
const characterWidth = 6.7
const rowHeight = 30
const longestLabel = 24
const longestSeries = 18

/** The chart as an SVG element that scales to its place, with its alternative as its accessible name. */
export function drawChart(block: ChartBlock, width: number): string {
  const { height, option, key } = drawing(block.chart, width)
  const instance = init(null, null, { renderer: 'svg', ssr: true, width, height })
  instance.setOption({
    animation: false,
    textStyle: { fontFamily: 'inherit', fontSize },
    color: [1, 2, 3, 4, 5, 6].map((nth) => placeholder(`series-${nth}` as Colour)),
    ...option,
  })
  const svg = instance.renderToSVGString({ useViewBox: true })
  instance.dispose()
  const label = `role="img" aria-label="${textHtml(block.alternative)}"`
  return accessible(withVariables(svg), label) + (key === undefined ? '' : `<p class="key">${escapeHtml(key)}</p>`)
}

/**
 * Only what is seen: without the background, what a script would look for, styles for a pointer, and clip paths, whose
 * ids would differ each time.
 */
function accessible(svg: string, label: string): string {
  return svg
    .replace(
      /^<svg [^>]*?(viewBox="[^"]*")[^>]*>/,
      (_, box) => `<svg xmlns="http://www.w3.org/2000/svg" ${label} ${box}>`,
    )
    .replace(/<rect [^>]*fill="none"[^>]*><\/rect>/, '')
    .replace(/<style ><!\[CDATA\[[\s\S]*?\]\]>\s*<\/style>/g, '')
    .replace(/ (?:ecmeta_[a-z_]+|class|clip-path|pointer-events|xml:space)="[^"]*"/g, '')
    .replace(/<defs ?>[\s\S]*?<\/defs>/g, '')
    .replaceAll(' fill="#000"', ' fill="none"')
    .replace(/\n+/g, '')
}

function drawing(chart: Chart, width: number): Drawing {
  switch (chart.type) {
    case 'intervals':
      return intervals(chart, width)
    case 'bars':
      return fitsAcross(chart, width) ? columns(chart) : rows(chart)
    case 'lines':
      return lines(chart)
    case 'timeline':
      return timeline(chart)
  }
}

function intervals({ marks, unit }: Intervals, width: number): Drawing {
  const labels = marks.map(({ label }) => nameOf(label))
  return {
    height: marks.length * rowHeight + 40,
    option: {
      grid: { left: margin(labels), right: 64, top: 8, bottom: 32 },
      xAxis: valueAxis({ scale: true, splitNumber: width > 500 ? 6 : 3, name: nameOf(unit ?? '') }),
      yAxis: rowAxis(labels),
      series: intervalSeries(marks),
    },
    key: 'Dot: value. Bar: interval. Thick stroke: limit.',
  }
}

function rows(plot: Plot): Drawing {
  const labels = plot.labels.map((label) => nameOf(label))
  const many = plot.series.length > 1
  return {
    height: labels.length * (many ? 15 * plot.series.length + 12 : 26) + (many ? 78 : 52),
    option: {
      grid: { left: margin(labels), right: 56, top: many ? 46 : 22, bottom: 30 },
      ...legendOf(plot),
      xAxis: valueAxis({ splitNumber: 4 }),
      yAxis: rowAxis(labels),
      series: plot.series.map((series, nth) => ({
        ...seriesOf(plot, series, nth, 'xAxis'),
        type: 'bar',
        barMaxWidth: 14,
        barGap: '15%',
        label: { show: true, position: 'right', color: placeholder('muted'), fontSize: 11, formatter: valueLabel },
      })),
    },
  }
}

function columns(plot: Plot): Drawing {
  return {
    height: 220,
    option: {
      ...upright(plot),
      series: plot.series.map((series, nth) => ({
        ...seriesOf(plot, series, nth, 'yAxis'),
        type: 'bar',
        barMaxWidth: 28,
        barGap: '10%',
      })),
    },
  }
}

function lines(plot: Plot): Drawing {
  const shapes = ['circle', 'rect', 'triangle', 'diamond', 'emptyCircle', 'emptyRect']
  return {
    height: 240,
    option: {
      ...upright(plot),
      series: plot.series.map((series, nth) => ({
        ...seriesOf(plot, series, nth, 'yAxis'),
        type: 'line',
        symbol: shapes[nth % shapes.length],
        symbolSize: 6,
        lineStyle: { width: 2 },
      })),
    },
  }
}

function upright(plot: Plot): EChartsCoreOption {
  const many = plot.series.length > 1
  return {
    grid: { left: 52, right: 52, top: many ? 38 : 16, bottom: 30 },
    ...legendOf(plot),
    xAxis: {
      type: 'category',
      data: plot.labels.map((label) => nameOf(label)),
      axisLabel: { color: placeholder('muted'), hideOverlap: true },
      axisLine: { lineStyle: { color: placeholder('line') } },
      axisTick: { show: false },
    },
    yAxis: valueAxis({ splitNumber: 4, scale: plot.type === 'lines' }),
  }
}

/** One lane for each kind of event, time from left to right. */
function timeline({ points }: Timeline): Drawing {
  const lanes = [...new Set(points.map(({ label }) => label))]
  const moments = points.map(({ at }) => at)
  const labels = lanes.map((label) => nameOf(label))
  return {
    height: lanes.length * rowHeight + 44,
    option: {
      grid: { left: margin(labels), right: 32, top: 8, bottom: 34 },
      xAxis: {
        type: 'category',
        data: moments.map(momentOf),
        axisLabel: { color: placeholder('muted'), hideOverlap: true },
        axisLine: { lineStyle: { color: placeholder('line') } },
        axisTick: { show: false },
      },
      yAxis: { ...rowAxis(labels), splitLine: { show: true, lineStyle: { color: placeholder('line') } } },
      series: [
        {
          type: 'scatter',
          silent: true,
          data: points.map(({ label, status }, index) => ({
            value: [index, lanes.indexOf(label)],
            symbol: shapeOf(status),
            symbolSize: 12,
            itemStyle: { color: placeholder(colourOf(status)), opacity: 1 },
          })),
        },
      ],
    },
    key: 'Circle: pass. Triangle: warn. Diamond: fail. Square: not judged.',
  }
}

/** Every judgement has a shape of its own, so that no colour is needed. */
function shapeOf(status: Status | Verdict): string {
  if (status === 'pass') return 'circle'
  if (status === 'warn') return 'triangle'
  return status === 'fail' ? 'diamond' : 'rect'
}

function momentOf(at: string): string {
  return /^\d{4}-\d\d-\d\dT/.test(at) ? at.slice(0, 10) : nameOf(at)
}

function valueAxis(more: object): object {
  return {
    type: 'value',
    axisLabel: { color: placeholder('muted'), formatter: (value: number) => number(value), hideOverlap: true },
    nameTextStyle: { color: placeholder('muted') },
    splitLine: { lineStyle: { color: placeholder('line') } },
    axisLine: { show: false },
    ...more,
  }
}

function rowAxis(labels: readonly string[]): object {
  return {
    type: 'category',
    data: labels,
    inverse: true,
    axisLabel: { color: placeholder('ink'), interval: 0 },
    axisLine: { lineStyle: { color: placeholder('line') } },
    axisTick: { show: false },
  }
}

function legendOf({ series }: Plot): object {
  if (series.length < 2) return {}
  return {
    legend: {
      top: 0,
      left: 0,
      itemWidth: 14,
      itemGap: 20,
      backgroundColor: placeholder('ground'),
      borderColor: placeholder('line'),
      textStyle: { color: placeholder('ink') },
      selectedMode: false,
    },
  }
}

/** What bars and lines share: a name, values, no reaction to a pointer, and the limit drawn once. */
function seriesOf(
  { limit }: Plot,
  { name, values }: Plot['series'][number],
  nth: number,
  axis: 'xAxis' | 'yAxis',
): object {
  const still = { silent: true, emphasis: { disabled: true }, name: nameOf(name, longestSeries), data: [...values] }
  if (limit === undefined || nth > 0) return still
  return {
    ...still,
    markLine: {
      silent: true,
      symbol: 'none',
      data: [{ [axis]: limit }],
      lineStyle: { color: placeholder('ink'), type: 'dashed', width: 1.5 },
      label: {
        position: axis === 'xAxis' ? 'start' : 'end',
        formatter: `limit ${number(limit)}`,
        color: placeholder('ink'),
        fontSize: 11,
      },
    },
  }
}

function valueLabel({ value }: { value?: unknown }): string {
  return typeof value === 'number' ? number(value) : ''
}

function fitsAcross({ labels }: Plot, width: number): boolean {
  return Math.max(0, ...labels.map((label) => label.length)) * characterWidth * labels.length < width - 120
}

/**
 * A name as it is drawn. The library keeps widths in a plain object by their text: `__proto__` would be found there, and
 * written to, so that every object had its fields.
 */
function nameOf(text: string, longest = longestLabel): string {
  const shown = shorten(inertText(text), longest)
  return shown in {} ? `${joiner}${shown}` : shown
}

function margin(labels: readonly string[]): number {
  return Math.ceil(Math.max(4, ...labels.map((label) => [...label].length)) * characterWidth) + 16
}
