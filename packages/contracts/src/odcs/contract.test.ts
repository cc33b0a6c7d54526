import { UserError } from '@headgate/core'
import { expect, test } from 'vitest'
import { readContract } from '../read.ts'

const head = 'apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: active\n'

function problemsOf(text: string): string[] {
  try {
    readContract(text, 'contract.yaml')
  } catch (error) {
    if (error instanceof UserError)
      return error.problems.map((problem) => `${problem.where?.line}: ${problem.what} ${problem.fix ?? ''}`.trim())
    throw error
  }
  return []
}

test('every check carries the line that asks for it', () => {
  const contract = readContract(
    `${head}schema:
  - name: flights
    properties:
      - name: id
        logicalType: integer
        primaryKey: true
      - name: origin
        physicalName: Origin
        logicalType: string
        required: true
        logicalTypeOptions:
          pattern: '^[A-Z]{3}$'
        quality:
          - id: known-airports
            metric: invalidValues
            arguments: { validValues: [EWR, JFK, LGA] }
            mustBeLessOrEqualTo: 1
            unit: percent
            severity: warning
    quality:
      - metric: rowCount
        mustBeBetween: [1, 10]
slaProperties:
  - property: freshness
    element: flights.origin
    value: 2
    unit: d
`,
    'contract.yaml',
  )
  expect(contract.primaryKey).toEqual(['id'])
  expect(contract.columns.map((column) => [column.name, column.required])).toEqual([
    ['id', true],
    ['Origin', true],
  ])
  expect(contract.checks.map((check) => [check.location.line, check.id, check.operator, check.values])).toEqual([
    [10, 'id.logicalType', '=', [0]],
    [11, 'id.primaryKey', '=', [0]],
    [14, 'origin.logicalType', '=', [0]],
    [15, 'origin.required', '=', [0]],
    [17, 'origin.pattern', '=', [0]],
    [19, 'known-airports', '<=', [1]],
    [9, 'id.primaryKey-2', '=', [0]],
    [26, 'rowCount', 'between', [1, 10]],
    [29, 'origin.freshness', '<=', [172_800]],
  ])
  expect(contract.checks[5]).toMatchObject({ unit: 'percent', severity: 'warning', columns: ['Origin'] })
})

test('what is not YAML is refused with its line', () => {
  expect(problemsOf(`${head}schema: [\n  - : :\n`).join()).toMatch(/^[67]: is not YAML/)
  expect(problemsOf('just a sentence')).toEqual([
    '1: is no data contract: expected a mapping with `apiVersion` and `schema`.',
  ])
})

test('all mistakes come at once, each with its line and the nearest known name', () => {
  const problems = problemsOf(
    `${head}shcema: []
schema:
  - name: t
    properties:
      - name: a
        logicaltype: string
        requierd: true
      - name: b
        logicalType: strnig
      - name: c
        logicalType: string
        logicalTypeOptions: { minLenght: 1, pattern: '(' }
        quality:
          - metric: nullValue
            mustBe: 0
          - metric: nullValues
          - metric: invalidValues
            mustBe: 0
          - { type: custom, engine: soda, implementation: x }
          - { metric: nullValues, mustBe: zero }
          - { metric: nullValues, mustBe: 0, unit: shares }
          - { metric: nullValues, mustBeBetween: [3, 1] }
          - { type: sql, query: 'DROP TABLE x', mustBe: 0 }
`,
  )
  expect(problems).toEqual([
    '6: contract: unknown key "shcema". Did you mean `schema`?',
    '11: property: unknown key "logicaltype". Did you mean `logicalType`?',
    '12: property: unknown key "requierd". Did you mean `required`?',
    expect.stringMatching(/^14: unknown logicalType "strnig"/),
    '17: logicalTypeOptions of string: unknown key "minLenght". Did you mean `minLength`?',
    expect.stringMatching(/^17: pattern: Invalid regular expression/),
    expect.stringMatching(/^19: unknown metric "nullValue"/),
    expect.stringMatching(/^21: a rule needs exactly one operator/),
    expect.stringMatching(/^22: invalidValues needs the argument/),
    expect.stringMatching(/^24: rules of type `custom` are not supported/),
    '25: mustBe: expected a number, found "zero".',
    expect.stringMatching(/^26: unknown unit "shares"/),
    '27: mustBeBetween: expected two numbers, the smaller first.',
    '28: the query is not a single SELECT.',
  ])
})

test('a contract of several tables needs the name of one', () => {
  const text = `${head}schema:\n  - name: a\n  - name: b\n`
  expect(problemsOf(text)).toEqual([
    '6: the contract describes several tables: a, b. Name one: `contract.yaml#<name>`.',
  ])
  expect(readContract(text, 'contract.yaml', 'b').name).toBe('b')
})

test('what is for people only is noted, not dropped in silence', () => {
  const { notes, checks } = readContract(
    `${head}schema:
  - name: t
    properties: [{ name: a, quality: [{ type: text, description: 'Verified by hand.' }] }]
slaProperties: [{ property: retention, value: 3, unit: y }]
`,
    'contract.yaml',
  )
  expect(checks).toEqual([])
  expect(notes.map((note) => note.where?.line)).toEqual([8, 9])
})
