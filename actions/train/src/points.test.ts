import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPoints } from './points.ts'

async function read(lines: readonly string[]) {
  const path = join(mkdtempSync(join(tmpdir(), 'points-')), 'metrics.ndjson')
  writeFileSync(path, lines.join('\n'))
  const found = { points: [] as unknown[], problems: [] as string[], parts: 0 }
  for await (const { points, problems } of readPoints(path)) {
    found.points.push(...points)
    found.problems.push(...problems)
    found.parts += 1
  }
  return found
}

test('points are read with their steps, and those without one in their order', async () => {
  const lines = [
    '{"key": "loss", "value": 0.5, "step": 10, "timestamp": 1767323045000}',
    '{"key": "auc", "value": 1}',
    '',
    '{"key": "loss", "value": NaN}',
    '{"key": "auc", "value": -Infinity, "note": "NaN"}\r',
  ]
  expect(await read(lines)).toMatchObject({
    problems: [],
    points: [
      { key: 'loss', value: 0.5, step: 10, timestamp: 1767323045000 },
      { key: 'auc', value: 1, step: 0, timestamp: undefined },
      { key: 'loss', value: Number.NaN, step: 11 },
      { key: 'auc', value: Number.NEGATIVE_INFINITY, step: 1 },
    ],
  })
})

test('what is no point is told by its line, and the others are read', async () => {
  const { points, problems } = await read(['{"key": "a", "value": "1"}', 'x', '[1]', '{"key": "a", "value": 1}'])
  expect(points).toHaveLength(1)
  expect(problems).toEqual([
    expect.stringMatching(/^metrics\.ndjson:1 is no point of a metric: value: /),
    expect.stringMatching(/^metrics\.ndjson:2 is not JSON: /),
    expect.stringMatching(/^metrics\.ndjson:3 is no point of a metric: the line: /),
  ])
})

test('a long course comes in parts', async () => {
  const { points, parts } = await read(Array.from({ length: 25_000 }, (_, at) => `{"key":"a","value":${at}}`))
  expect([points.length, parts]).toEqual([25_000, 3])
  expect(points.at(-1)).toMatchObject({ value: 24_999, step: 24_999 })
})
