import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readDocument, table } from '../loop/repository.ts'
import { openSite } from './runner.ts'

test('validate-data refuses a pull request’s data at the contract’s line, in the comment and in a check', async () => {
  const site = await openSite({ 'train.csv': `${table}r0,1,1\n` })
  const { code, log, outputs, summary, writes } = await site.act('validate-data', 'pull_request')
  const sentence = '6 of 7 checks passed on 61 rows; id.unique is 1 where = 0 rows holds.'
  const contract = readFileSync(join(site.folder, 'contract.yaml'), 'utf8').split('\n')
  const line = contract.findIndex((text) => text.includes('unique: true')) + 1

  expect(code).toBe(1)
  expect(outputs).toEqual(site.common('validation.json', 1))
  expect(summary).toMatch(/^### tiny: failed/)
  expect(log).toContain(`::error title=id.unique,file=contract.yaml,line=${line}::`)
  expect(writes).toEqual(['POST /repos/acme/tiny/issues/7/comments', 'POST /repos/acme/tiny/check-runs'])
  expect(site.workFiles()).toEqual(['profile.json', 'report.html', 'validation.json'])
  expect(readDocument(site, 'validation.json')).toMatchObject({
    schema: 'headgate/validation@1',
    verdict: 'fail',
    summary: sentence,
    commit: site.git('rev-parse', 'HEAD'),
    runner: { kind: 'github', event: 'pull-request', runId: '11' },
    data: { source: 'train.csv', rows: 61, columns: 3 },
  })
})
