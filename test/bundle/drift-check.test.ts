import { expect, test } from 'vitest'
import { readDocument, settings, table } from '../loop/repository.ts'
import { openSite } from './runner.ts'

const block = `    drift-check:
      reference: train.csv
      current: current.csv
      id: id
      retrain: dispatch
      rules: { windows: 1, of: 1 }
`
const shifted = table.replaceAll(/,(\d+),/g, (_, x) => `,${Number(x) + 1000},`)

/** Every value of one sample above every one of the other: 2 of the C(120, 60) orders are as far apart. */
const certainShift = Array.from({ length: 60 }, (_, index) => (index + 1) / (index + 61)).reduce((p, q) => p * q, 2)

test('drift-check finds the shifted column, starts the retraining, and does not fail the step', async () => {
  const site = await openSite({ 'headgate.yml': settings + block, 'current.csv': shifted })
  const { code, outputs, summary, writes } = await site.act('drift-check', 'schedule')
  const document = readDocument(site, 'drift.json')

  expect(code).toBe(0)
  expect(outputs).toEqual({
    ...site.common('drift.json', 0),
    drifted: 'true',
    share: '0.5',
    retrain: 'true',
    'run-url': expect.stringMatching(/\/runs\/\d+$/),
  })
  expect(summary).toMatch(/^### tiny: failed/)
  expect(writes).toEqual([
    'POST /repos/acme/tiny/actions/workflows/retrain.yml/dispatches',
    'POST /repos/acme/tiny/check-runs',
  ])
  expect(site.workFiles()).toEqual(['drift.json', 'report.html'])
  const [x, label] = document.columns as { column: string; test: string; drifted: boolean; pValue: number }[]
  expect(x).toMatchObject({ column: 'x', test: 'ks', drifted: true })
  expect((x?.pValue ?? 0) / certainShift).toBeCloseTo(1, 9)
  expect(label).toMatchObject({ column: 'label', drifted: false })
  expect(document).toMatchObject({
    schema: 'headgate/drift@1',
    verdict: 'fail',
    decision: { retrain: true, blockedBy: [] },
  })
})
