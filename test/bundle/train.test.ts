import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readDocument } from '../loop/repository.ts'
import { openSite } from './runner.ts'

test('train leaves the model, its predictions, and what explains them', async () => {
  const site = await openSite()
  await site.prepare('validate-data')
  const { code, outputs, summary, writes } = await site.act('train', 'push')
  const document = readDocument(site, 'training.json')
  const artifact = (path: string) => {
    const content = readFileSync(join(site.work, 'output', path))
    return { path, bytes: content.length, digest: `sha256:${createHash('sha256').update(content).digest('hex')}` }
  }

  expect(code).toBe(0)
  expect(outputs).toEqual({
    ...site.common('training.json', 0),
    'run-id': readFileSync(join(site.folder, '../trained'), 'utf8').trim(),
    handle: '',
    'model-path': '.headgate/tiny/output/model',
    'predictions-path': '.headgate/tiny/output/predictions.csv',
  })
  expect(summary).toMatch(/^### tiny: passed/)
  expect(writes).toEqual(['POST /repos/acme/tiny/check-runs'])
  expect(site.workFiles()).toEqual(
    expect.arrayContaining(['output/model/weights.json', 'output/predictions.csv', 'training.json']),
  )
  expect(document).toMatchObject({
    schema: 'headgate/training@1',
    model: 'tiny',
    verdict: 'pass',
    run: { executor: 'process', command: ['node', 'train.mjs'], exitCode: 0 },
    artifacts: [artifact('model/weights.json'), artifact('predictions.csv')],
    cache: { hit: false },
  })
})

test('the post step of a training that came to its end has nothing to do', async () => {
  const site = await openSite()
  const { code, log, outputs, writes } = await site.act('train', 'push', {}, { 'STATE_headgate-step': 'begun' })
  expect({ code, log, outputs, writes, files: site.workFiles() }).toEqual({
    code: 0,
    log: '',
    outputs: {},
    writes: [],
    files: [],
  })
})
