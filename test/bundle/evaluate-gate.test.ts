import { expect, test } from 'vitest'
import { readDocument } from '../loop/repository.ts'
import { openSite } from './runner.ts'

/** Right for every second of the sixty rows, whose labels are 0 and 1 in turn. */
const guesses = `id,prediction\n${Array.from({ length: 60 }, (_, row) => `r${row},1`).join('\n')}\n`

/** Clopper and Pearson's interval of 30 in 60, from SciPy's binomtest. */
const exact = { low: expect.closeTo(0.3680620319424367, 10), high: expect.closeTo(0.6319379680575633, 10) }

test('evaluate-gate refuses what sixty rows cannot decide, and its report is there before the step fails', async () => {
  const site = await openSite({ 'guesses.csv': guesses })
  const { code, outputs, summary, writes } = await site.act('evaluate-gate', 'pull_request', {
    candidate: 'guesses.csv',
  })
  const document = readDocument(site, 'evaluation.json')

  expect(code).toBe(1)
  expect(outputs).toEqual(site.common('evaluation.json', 1))
  expect(summary).toMatch(/^### tiny: inconclusive/)
  expect(writes).toEqual(['POST /repos/acme/tiny/issues/7/comments', 'POST /repos/acme/tiny/check-runs'])
  expect(site.workFiles()).toEqual(['evaluation.json', 'report.html'])
  expect(document).toMatchObject({
    schema: 'headgate/evaluation@1',
    verdict: 'inconclusive',
    evidence: 'held-out',
    testData: { source: 'test.csv', rows: 60 },
    metrics: [{ metric: 'accuracy', rows: 60, candidate: 0.5, interval: { level: 0.95, ...exact } }],
  })
})
