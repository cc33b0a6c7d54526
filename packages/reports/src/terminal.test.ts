import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostile, reportOf } from '../test/hostile.ts'
import { sampleReports } from '../test/sample.ts'
import { renderTerminal } from './terminal.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066\u2067]/

test('without colour there is no escape sequence, whatever the data says', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(renderTerminal(reportOf(text), { columns: 100, colour: false })).not.toMatch(controls)
    }),
    { numRuns: 300 },
  )
})

const trimmed = (text: string): string => text.replace(/\s+$/gm, '')

test('with colour only styles are added: the text is the same', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const plain = renderTerminal(reportOf(text), { columns: 100, colour: false })
      const coloured = renderTerminal(reportOf(text), { columns: 100, colour: true })
      // biome-ignore lint/suspicious/noControlCharactersInRegex: styles are what is taken away
      expect(trimmed(coloured.replace(/\u001b\[\d+m/g, ''))).toBe(trimmed(plain))
    }),
    { numRuns: 300 },
  )
})

test('no line of data reads as a command to a runner', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const lines = renderTerminal(reportOf(text), { columns: 100, colour: false }).split('\n')
      expect(lines.filter((line) => /^\s*::/.test(line) || line.includes('##['))).toEqual([])
    }),
    { numRuns: 300 },
  )
})

test.each([60, 80, 120])('tables fit into %i columns', (columns) => {
  const [validation] = sampleReports
  if (validation === undefined) throw new Error('The sample has no report.')
  const lines = renderTerminal(validation, { columns, colour: false }).split('\n')
  expect(lines.filter((line) => line.includes('pass') && line.length > columns)).toEqual([])
  expect(lines[0]).toBe('✗ failed  Data validation')
})
