import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { canonicalJson, digestOf, digestOfTree } from './digest.ts'
import { bodies, documentSchema, headerSchema, parseDocument, stable } from './document.ts'
import { UserError } from './error.ts'
import { camelKeys, fieldsOf, readText } from './fields.ts'
import { strictJson } from './json.ts'
import { camel, kebab, modelName, nearest } from './names.ts'
import { release } from './release.ts'
import { isAccepted, isPromotable, worst } from './verdict.ts'

test('the worst status wins, an error counts as inconclusive, and nothing checked is inconclusive', () => {
  expect(worst(['pass', 'warn', 'error', 'fail'])).toBe('fail')
  expect(worst(['pass', 'error', 'warn'])).toBe('inconclusive')
  expect(worst(['pass', 'warn'])).toBe('warn')
  expect(worst(['pass'])).toBe('pass')
  expect(worst([])).toBe('inconclusive')
})

test.each([
  ['pass', [true, true, true, true]],
  ['warn', [true, true, true, false]],
  ['inconclusive', [true, true, false, false]],
  ['no-baseline', [true, true, false, false]],
  ['fail', [true, false, false, false]],
] as const)('%s under fail-on never, fail, inconclusive, warn', (verdict, expected) => {
  expect((['never', 'fail', 'inconclusive', 'warn'] as const).map((failOn) => isAccepted(verdict, failOn))).toEqual(
    expected,
  )
})

test('only pass and warn may be promoted', () => {
  expect((['pass', 'warn', 'fail', 'inconclusive', 'no-baseline'] as const).map(isPromotable)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})

test('keys go from camelCase to kebab-case and back', () => {
  for (const key of ['minRows', 'testData', 'id', 'maxLossOf2']) expect(camel(kebab(key))).toBe(key)
  expect(
    camelKeys(
      { 'max-loss': 1, env: { 'A-b': 'x' } },
      z.object({ maxLoss: z.number(), env: z.record(z.string(), z.string()) }),
    ),
  ).toEqual({
    maxLoss: 1,
    env: { 'A-b': 'x' },
  })
})

test('model names are lower-case words, and near names are found', () => {
  expect(['a', 'churn', 'team/churn-2'].every((name) => modelName.test(name))).toBe(true)
  expect(['', 'Churn', '1a', 'a/', 'a b', 'é', '../a', '-a'].some((name) => modelName.test(name))).toBe(false)
  expect(nearest('roc_acu', ['accuracy', 'roc_auc'])).toBe('roc_auc')
  expect(nearest('zzz', ['accuracy', 'roc_auc'])).toBeUndefined()
})

test('flags are read by the type of their setting', () => {
  const [flag, count, list] = fieldsOf(
    z.object({
      flag: z.boolean().default(false),
      count: z.int().optional(),
      list: z.array(z.string()).optional().meta({ list: 'comma' }),
    }),
    false,
  )
  expect(flag && readText(flag, 'True')).toEqual({ value: true })
  expect(flag && readText(flag, 'yes')).toHaveProperty('problem')
  expect(count && readText(count, '1.5')).toHaveProperty('problem')
  expect(list && readText(list, 'a, b\nc')).toEqual({ value: ['a', 'b', 'c'] })
})

test('what is not finite is refused by its path', () => {
  expect(() => strictJson({ a: [1, Number.NaN] })).toThrow('$.a.1 is NaN')
  expect(JSON.parse(strictJson({ a: null }))).toEqual({ a: null })
})

test('digests name their kind, and a tree has the same one in any order', () => {
  expect(digestOf('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  const files = [
    { path: 'b', digest: digestOf('b') },
    { path: 'a', digest: digestOf('a') },
  ]
  expect(digestOfTree(files)).toBe(digestOfTree(files.toReversed()))
  expect(canonicalJson({ b: 1, a: { d: 1, c: 2 } })).toBe('{"a":{"c":2,"d":1},"b":1}')
})

const validation = {
  schema: 'headgate/validation@1',
  verdict: 'pass',
  summary: 'Fine.',
  model: 'm',
  commit: '',
  createdAt: '2026-01-01T00:00:00.000Z',
  tool: 'headgate 0',
  runner: { kind: 'local', event: 'push', os: 'linux' },
  inputs: [],
  durationMs: 1,
  data: { source: 'a.csv', rows: 1, columns: 1, digest: digestOf('a') },
  contract: { path: 'c.yaml', format: 'odcs', digest: digestOf('c') },
  checks: [],
}

test('readers drop what they do not know, and refuse another kind or major version by name', () => {
  const read = (change: object): unknown =>
    parseDocument('validation', JSON.stringify({ ...validation, ...change }), 'validation.json')
  expect(read({ later: 1 })).toEqual(validation)
  expect(() => read({ schema: 'headgate/validation@2' })).toThrow(/found headgate\/validation@2.*release/)
  expect(() => read({ schema: 'headgate/drift@1' })).toThrow(UserError)
  expect(() => read({ checks: [{}] })).toThrow(UserError)
  expect(() => parseDocument('validation', '{', 'validation.json')).toThrow(/validation.json: is not JSON/)
})

test('no document says something else under a name of its header', () => {
  const names = Object.keys(headerSchema.shape)
  for (const [kind, body] of Object.entries(bodies))
    expect([kind, Object.keys(body.shape).filter((key) => names.includes(key))]).toEqual([kind, []])
})

test('documents are compared without what differs from run to run', () => {
  const one = documentSchema('validation').parse(validation)
  const other = { ...one, createdAt: '2027-01-01T00:00:00.000Z', durationMs: 99, tool: 'headgate 9' }
  expect(stable('validation', one)).toEqual(stable('validation', other))
  expect(stable('validation', { ...other, summary: 'Else.' })).not.toEqual(stable('validation', one))
})

test('the release is the one that package.json names', () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8')).version).toBe(release)
})
