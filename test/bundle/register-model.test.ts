import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readDocument } from '../loop/repository.ts'
import { openSite } from './runner.ts'

test('register-model tags a version, keeps its bytes, and tells the ledger', async () => {
  const site = await openSite()
  await site.prepare('validate-data', 'train', 'evaluate-gate')
  const { code, outputs, summary, writes } = await site.act('register-model', 'push')
  const document = readDocument(site, 'model.json')

  expect(code).toBe(0)
  expect(outputs).toEqual({
    ...site.common('model.json', 0),
    version: '0.1.0',
    digest: document.digest,
    tag: 'tiny@v0.1.0',
  })
  expect(summary).toMatch(/^### tiny: passed/)
  expect(writes).toEqual(['POST /repos/acme/tiny/check-runs'])
  const weights = readFileSync(join(site.work, 'output/model/weights.json'))
  expect(document).toMatchObject({
    schema: 'headgate/model@1',
    verdict: 'pass',
    name: 'tiny',
    version: '0.1.0',
    aliases: ['challenger'],
    files: [{ path: 'weights.json', bytes: weights.length }],
    lineage: { commit: site.git('rev-parse', 'HEAD'), evaluation: { verdict: 'pass', recomputed: true } },
  })
  const refs = site.git('ls-remote', '--refs', 'origin').split('\n')
  expect(refs.map((line) => line.split('\t')[1])).toEqual([
    'refs/headgate/ledger',
    'refs/heads/main',
    'refs/tags/tiny#challenger#1',
    'refs/tags/tiny@v0.1.0',
  ])
})
