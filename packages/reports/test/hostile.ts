import type { Report, Text } from '@headgate/core'
import fc from 'fast-check'

const attacks = [
  '__proto__',
  'constructor',
  '|',
  '\\|',
  '\\',
  '`',
  '```',
  '~~~',
  '<b>',
  '</code>',
  '</td></tr></table>',
  '</summary></details>',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<!--',
  '-->',
  ']]>',
  '&lt;',
  '&#64;someone',
  '@someone',
  '@org/team',
  'a@example.org',
  '#1',
  '!1',
  'GH-1',
  'org/repo#12',
  'www.example.org',
  'https://example.org/a?b=c',
  'ftp://example.org',
  'mailto:a@example.org',
  '[text](https://example.org)',
  '![image](https://example.org/i.png)',
  '<https://example.org>',
  '[^1]',
  '[a]: https://example.org',
  '**',
  '__',
  '~~',
  '$x$',
  '$&',
  '$1',
  ':smile:',
  '# ',
  '- ',
  '1. ',
  '> ',
  '---',
  '- [ ] ',
  '\n',
  '\n\n',
  '\r\n',
  '\t',
  '::error::x',
  '\n::set-output name=a::b',
  '##[error]x',
  '\u001b[31m',
  '\u001b]8;;https://example.org\u0007',
  '\u009b2J',
  '\u0000',
  '\u202e',
  '\u2066',
  '\u200b',
  '\u2028',
  '\ud800',
  'שלום',
  '表',
  '"',
  "'",
  ' onmouseover=x ',
  '{a|b}',
  '{value}',
  'x'.repeat(200),
  ' ',
  'a',
  'Z9',
] as const

export const hostile = fc.oneof(
  fc.array(fc.constantFrom(...attacks), { minLength: 1, maxLength: 6 }).map((found) => found.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
)

/** Everything that a forge or a shell could act on, and nothing that has no shape. */
export const printable = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 60 }),
  fc
    .array(fc.constantFrom(...attacks.filter((attack) => /^[\x20-\x7e]{1,30}$/.test(attack))), {
      minLength: 1,
      maxLength: 3,
    })
    .map((found) => found.join('')),
)

/** One report with the same text at every place that takes text. */
export function reportOf(text: string): Report {
  const inlines: Text = [text, ' ', { code: text }, ' ', { strong: text }, ' ', { link: { text, url: text } }]
  const chartOf = (type: 'bars' | 'lines') => ({
    type,
    labels: [text, `${text}2`],
    series: [
      { name: text, values: [1, 2] },
      { name: `${text}2`, values: [2, null] },
    ],
    limit: 1.5,
  })
  const mark = { label: text, low: 0, point: 1, high: 2, limit: 1, status: 'pass' as const }
  const drawn = { block: 'chart' as const, title: text, alternative: text }
  return {
    title: text,
    verdict: 'fail',
    summary: text,
    annotations: [{ level: 'error', title: text, message: text, where: { file: text, line: 1 } }],
    sections: [
      {
        name: text,
        priority: 1,
        blocks: [
          { block: 'heading', level: 2, text: inlines },
          { block: 'heading', level: 3, text },
          { block: 'sentence', text },
          { block: 'sentence', text: inlines },
          { block: 'code', language: text, text },
          {
            block: 'table',
            caption: text,
            columns: [{ title: text }, { title: text, align: 'right' }, { title: 'Result' }],
            rows: [
              [text, inlines, { status: 'fail' }],
              [{ code: text }, { strong: text }, { status: 'pass' }],
            ],
          },
          { block: 'details', summary: inlines, blocks: [{ block: 'sentence', text }] },
        ],
      },
      {
        name: text,
        priority: 2,
        blocks: [
          { ...drawn, chart: { type: 'intervals', marks: [mark, { ...mark, low: null }], unit: text } },
          { ...drawn, chart: chartOf('bars') },
          { ...drawn, chart: chartOf('lines') },
          { ...drawn, chart: { type: 'timeline', points: [{ at: text, label: text, status: 'fail' }] } },
        ],
      },
    ],
  }
}
