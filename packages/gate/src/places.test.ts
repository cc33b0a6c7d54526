import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { problemsOf, type Scenario } from '../test/scene.ts'

/** Each mistake as `file:line what`, of files that are named by the end of their path. */
async function placesOf(scenario: Scenario): Promise<string[]> {
  const problems = await problemsOf(scenario)
  return problems.map(({ what, where }) => `${where?.file.split('/').at(-1)}:${where?.line ?? ''} ${what}`)
}

const policy = [
  { metric: 'accuracy', min: 0.6 },
  { metric: 'brier_score', max: 0.3 },
]
const settings = { label: 'late', candidate: 'made.csv', policy }

// Line by line, as an editor counts them; the second row takes three lines, and after it one is empty.
const rows = ['id,late,note', 'a,0,x', 'b,1,"one', 'two', 'three"', '', 'c,0,y', 'd,1,z', '']
const made = ['id,prediction,score', 'a,0,0.1', 'b,1,0.9', 'c,0,0.2', 'd,1,0.8', '']

/** The rows, with some lines replaced by their number. */
function changed(lines: readonly string[], changes: Readonly<Record<number, string>>): string[] {
  return lines.map((line, index) => changes[index + 1] ?? line)
}

describe.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
])('in CSV with %s', (_name, end) => {
  const place = (held: readonly string[], predictions: readonly string[]) =>
    placesOf({ files: { 'test.csv': held.join(end), 'made.csv': predictions.join(end) }, settings })

  test('a row without id', async () => {
    expect(await place(changed(rows, { 7: ',0,y', 8: ',1,z' }), made)).toEqual(['test.csv:7 has 2 rows without id.'])
  })

  test('the first id that comes again, in either file', async () => {
    expect(await place(changed(rows, { 8: 'b,1,z' }), made)).toEqual(['test.csv:8 has 1 duplicate id: "b".'])
    expect(await place(rows, changed(made, { 4: 'a,0,0.2', 5: 'b,0,0.2' }))).toEqual([
      'made.csv:4 has 2 duplicate ids: "a", "b".',
      'made.csv: lacks 2 ids of the test rows: "c", "d".',
    ])
  })

  test('an id that no test row has', async () => {
    expect(await place(rows, changed(made, { 6: 'e,1,0.5' }))).toEqual([
      'made.csv:6 has 1 id that no test row has: "e".',
    ])
  })

  test('a label that is missing', async () => {
    expect(await place(changed(rows, { 8: 'd,,z' }), made)).toEqual(['test.csv:8 has 1 row without late.'])
  })

  test('a label that is no number, which is none at all', async () => {
    const found = await place(changed(rows, { 7: 'c,nan,y', 8: 'd,NaN,z' }), made)
    expect(found).toEqual(['test.csv:7 has 2 rows without late.'])
  })

  test('a prediction that is no class, where it stands in its file', async () => {
    // In another order than the test rows: d comes first.
    const other = [made[0] ?? '', 'd,maybe,0.8', 'c,0,0.2', 'b,perhaps,0.9', 'a,0,0.1']
    expect(await place(rows, other)).toEqual([
      'made.csv:2 prediction has values that are no class: "maybe", "perhaps"; the classes are "0", "1".',
    ])
  })

  test('a score that is no number, and one that is no probability', async () => {
    expect(await place(rows, changed(made, { 4: 'c,0,NaN', 5: 'd,1,high' }))).toEqual([
      'made.csv:4 2 values of score are no finite numbers; the first is "NaN".',
    ])
    expect(await place(rows, changed(made, { 5: 'd,1,1.2' }))).toEqual([
      'made.csv:5 score is outside of 0 to 1, such as 1.2: brier_score must have probabilities.',
    ])
  })
})

test('a label that `classes` does not name, and a weight below zero, are on the line after a quoted one', async () => {
  const files = { 'test.csv': changed(rows, { 7: 'c,2,y' }).join('\r\n'), 'made.csv': made.join('\n') }
  expect(await placesOf({ files, settings: { ...settings, classes: ['0', '1'] } })).toEqual([
    'test.csv:7 has labels that `classes` does not name: "2".',
  ])
  const weighted = [...rows.slice(0, 6), 'c,0,-1', 'd,1,1'].map((line, index) => (index === 1 ? 'a,0,1' : line))
  const numbers = { ...files, 'test.csv': weighted.join('\n').replace('"one\ntwo\nthree"', '"1\n\n"') }
  expect(await placesOf({ files: numbers, settings: { ...settings, weight: 'note' } })).toEqual([
    'test.csv:7 the weights in note must not be negative.',
  ])
})

test('in NDJSON', async () => {
  const held = '{"id":1,"late":0}\n\n{"id":2,"late":1}\r\n{"id":2,"late":1}\n{"id":3,"late":null}\n'
  const predictions = '{"id":1,"prediction":0,"score":0.5}\n{"id":2,"prediction":1,"score":null}\n'
  const files = { 'test.ndjson': held, 'made.ndjson': predictions }
  const own = { ...settings, testData: 'test.ndjson', candidate: 'made.ndjson' }
  expect(await placesOf({ files, settings: own })).toEqual([
    'test.ndjson:5 has 1 row without late.',
    'test.ndjson:4 has 1 duplicate id: "2".',
  ])
  const two = { ...files, 'test.ndjson': '{"id":1,"late":0}\n{"id":2,"late":1}\n' }
  expect(await placesOf({ files: two, settings: own })).toEqual([
    'made.ndjson:2 a value of score is no finite number, but missing.',
  ])
})

test('in Parquet, whose rows are on no line, the row is told in words', async () => {
  // DuckDB's `file_row_number` of the first such row in this file, plus one.
  const testData = join(import.meta.dirname, '../../../examples/flight-delays/data/test.parquet')
  const files = { 'made.csv': made.join('\n') }
  const own = { ...settings, testData }
  expect(await placesOf({ files, settings: { ...own, weight: 'temperature' } })).toEqual([
    'test.parquet: 7 values of temperature are no finite numbers; the first is missing. The first is in row 4019.',
  ])
  expect(await placesOf({ files, settings: { ...own, label: 'origin', classes: ['EWR', 'LGA'] } })).toEqual([
    'test.parquet: has labels that `classes` does not name: "JFK". The first is in row 3.',
  ])
  expect((await placesOf({ files, settings: { ...own, id: 'carrier' } })).join()).toMatch(
    /^test\.parquet: has 15 duplicate ids: "UA", .* and 5 more\. The first is in row 2\.$/,
  )
})
