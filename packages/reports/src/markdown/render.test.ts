import type { Report } from '@headgate/core'
import { expect, test } from 'vitest'
import { sampleOptions, sampleReports } from '../../test/sample.ts'
import { section, sentence, table } from '../blocks.ts'
import { renderMarkdown } from './render.ts'

const options = { title: 'flight-delays', footer: 'commit 4f1c2ab' }

function report(verdict: Report['verdict'], sections: Report['sections'] = []): Report {
  return { title: 'Gate', verdict, summary: 'AUC fell by 0.02.', sections, annotations: [] }
}

test('begins with the subject, the verdict in words and the sentence that decided, and ends with the footer', () => {
  const { text } = renderMarkdown([report('fail')], options)
  expect(text).toBe('### flight-delays: failed ❌\n\nAUC fell by 0.02.\n\n<sub>commit 4f1c2ab</sub>\n')
})

test('says the worst verdict of several stages and names the stage that decided', () => {
  const lines = renderMarkdown(sampleReports, sampleOptions).text.split('\n')
  expect(lines[0]).toBe('### flight-delays: failed ❌')
  expect(lines[2]).toMatch(/^Data validation: 2 of 22 checks failed/)
})

test('no verdict but pass and warn reads as passed', () => {
  expect(renderMarkdown([report('inconclusive')], options).text).toMatch(/^### flight-delays: inconclusive ❔/)
  expect(renderMarkdown([report('no-baseline')], options).text).toMatch(/^### flight-delays: no baseline yet/)
  expect(renderMarkdown([], options).text).toMatch(/^### flight-delays: nothing was run/)
})

test('folds the passing rows of a long table under their count, and keeps the others open', () => {
  const rows = Array.from({ length: 30 }, (_, nth) => [{ status: nth === 17 ? 'fail' : 'pass' } as const, `row ${nth}`])
  const { text } = renderMarkdown(
    [report('fail', [section('Checks', 1, [table('Checks', ['', 'Check'], rows)])])],
    options,
  )
  const [open, folded] = text.split('<details>')
  expect(open?.match(/row \d+/g)).toEqual(['row 17'])
  expect(folded).toMatch(/^\n<summary>29 passing<\/summary>\n\n\|/)
})

test('drops whole sections from the highest number on, and names them beside the link', () => {
  const long = (letter: string) => [sentence(`${letter} `.repeat(500))]
  const sections = [
    section('Metrics', 1, long('m')),
    section('Slices', 5, long('s')),
    section('Confusion', 3, long('c')),
  ]
  const link = { text: 'report', url: 'https://example.org/run/1' }
  const { text, dropped } = renderMarkdown([report('fail', sections)], { ...options, budget: 2600, link })
  expect(dropped).toEqual(['Gate: Slices'])
  expect(text).toContain('Left out for length: Gate: Slices. The whole report: [report](<https://example.org/run/1>).')
  expect(text).toContain('#### Confusion')
})

test('the same reports give the same text, so that an unchanged comment is not written again', () => {
  expect(renderMarkdown(sampleReports, sampleOptions)).toEqual(
    renderMarkdown(structuredClone(sampleReports), sampleOptions),
  )
})
