import { expect, test } from 'vitest'
import { reportOf } from '../test/hostile.ts'
import { sampleReports } from '../test/sample.ts'
import { table } from './blocks.ts'
import { reportSchema } from './schema.ts'

test('a report read back from JSON is the report that was written', () => {
  for (const report of [...sampleReports, reportOf('x')]) {
    expect(reportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report)
  }
})

test('a row that lacks a cell, and a block of no known kind, are refused', () => {
  const odd = (block: unknown) => ({ ...reportOf('x'), sections: [{ name: 'a', priority: 1, blocks: [block] }] })
  const ragged = { block: 'table', caption: 'c', columns: [{ title: 'a' }, { title: 'b' }], rows: [['1']] }
  expect(reportSchema.safeParse(odd(ragged)).success).toBe(false)
  expect(reportSchema.safeParse(odd({ block: 'html', html: '<b>' })).success).toBe(false)
  expect(() => table('c', ['a', 'b'], [['1']])).toThrow('Row 1 of "c" has 1 of 2 cells.')
})
