import { median } from '../machine.ts'
import type { Measurement, Subject } from './measurement.ts'

const header = ['Process', 'Minimum', 'Median', 'Target', 'Processor', 'To Headgate', 'To bare Node']

/** The measurements as a Markdown table: milliseconds, and ratios of medians. */
export function tableOf(measurements: readonly Measurement[]): string {
  const rows = measurements.map(({ subject, times, processor }) => {
    const middle = median(times)
    const own = measurements.find((other) => other.subject.task === subject.task && other.subject.target !== undefined)
    return [
      subject.name,
      milliseconds(Math.min(...times)),
      milliseconds(middle),
      targetText(subject, middle),
      processor === undefined ? '' : milliseconds(processor),
      own === undefined || own.subject === subject ? '' : ratio(middle, median(own.times)),
      ratio(middle, median(measurements[0]?.times ?? [])),
    ]
  })
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(header), rule, ...rows.map(line)].join('\n')
}

function milliseconds(value: number): string {
  return `${value.toFixed(0)} ms`
}

function targetText({ target }: Subject, middle: number): string {
  return target === undefined ? '' : `${middle <= target ? 'met' : 'missed'}: ${target} ms`
}

function ratio(one: number, other: number): string {
  return `${(one / other).toFixed(1)}×`
}
