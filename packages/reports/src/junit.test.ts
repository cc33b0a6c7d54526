import type { Report } from '@headgate/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostile, reportOf } from '../test/hostile.ts'
import { section, table } from './blocks.ts'
import { renderJUnit } from './junit.ts'

test('every judged row is a case, and what was not judged is skipped, not passed', () => {
  const rows = (['pass', 'warn', 'fail', 'error', 'inconclusive'] as const).map((status) => [
    { status },
    { code: `check-${status}` },
    'found 3',
  ])
  const report: Report = {
    title: 'Data',
    verdict: 'no-baseline',
    summary: 'No reference yet.',
    sections: [section('Checks', 1, [table('Checks', ['Result', 'Check', 'Found'], rows)])],
    annotations: [],
  }
  expect(renderJUnit([report])).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
<testsuite name="Data" tests="6" failures="1" errors="1" skipped="2">
<testcase classname="Data" name="verdict"><skipped message="No reference yet."/></testcase>
<testcase classname="Data.Checks" name="check-pass"/>
<testcase classname="Data.Checks" name="check-warn"><system-out>warn: Check: check-warn, Found: found 3</system-out></testcase>
<testcase classname="Data.Checks" name="check-fail"><failure message="Check: check-fail, Found: found 3"/></testcase>
<testcase classname="Data.Checks" name="check-error"><error message="Check: check-error, Found: found 3"/></testcase>
<testcase classname="Data.Checks" name="check-inconclusive"><skipped message="Check: check-inconclusive, Found: found 3"/></testcase>
</testsuite>
</testsuites>
`)
})

test('data makes no tag, and no character that XML 1.0 forbids', () => {
  const tags = (xml: string): readonly string[] => xml.match(/<\/?[a-z-]+/g) ?? []
  const harmless = tags(renderJUnit([reportOf('x')]))
  fc.assert(
    fc.property(hostile, (text) => {
      const xml = renderJUnit([reportOf(text)])
      expect(tags(xml)).toEqual(harmless)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what the standard forbids
      expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/)
      expect(xml.isWellFormed()).toBe(true)
    }),
  )
})
