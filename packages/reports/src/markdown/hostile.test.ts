import fc from 'fast-check'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import { parseFragment } from 'parse5'
import { expect, test } from 'vitest'
import { hostile, printable, reportOf } from '../../test/hostile.ts'
import { inlineMarkdown, lineMarkdown } from './escape.ts'
import { renderMarkdown } from './render.ts'

interface Node {
  readonly type: string
  readonly value?: string
  readonly url?: string
  readonly children?: readonly Node[]
}

interface Element {
  readonly nodeName: string
  readonly value?: string
  readonly attrs?: readonly { readonly name: string }[]
  readonly childNodes?: readonly Element[]
}

const ours = ['details', 'summary', 'sub', 'b', 'code']
const acts = [
  /@[a-z0-9]/i,
  /[#!]\d/,
  /\bGH-\d/i,
  /\bhttps?:\/\//i,
  /\bwww\.[a-z]/i,
  /:[a-z]+:/,
  /(?!\n)\p{Cc}|\u202e|\u2066/u,
]

function parse(markdown: string): Node {
  return fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }) as Node
}

function nodes(node: Node): readonly Node[] {
  return [node, ...(node.children ?? []).flatMap(nodes)]
}

function elements(html: string): readonly Element[] {
  const all = (element: Element): readonly Element[] => [element, ...(element.childNodes ?? []).flatMap(all)]
  return (parseFragment(html) as Element).childNodes?.flatMap(all) ?? []
}

/** Block nodes only: how a code span is written may differ, where blocks begin and end may not. */
function outline(node: Node): string {
  if (['paragraph', 'heading', 'tableCell', 'code'].includes(node.type)) return node.type
  return node.type === 'html' ? 'html' : `${node.type}(${(node.children ?? []).map(outline).join()})`
}

const collapsed = (text: string): string => text.replace(/\s+/g, ' ').trim()

function visible(node: Node): string {
  return nodes(node)
    .map(({ type, value }) => (type === 'html' ? '' : (value ?? '')))
    .join('')
    .replaceAll('\u2060', '')
}

const options = { title: 'model', footer: '' }

test('no text at any place makes links, images, tags, mentions or blocks', () => {
  const harmless = outline(parse(renderMarkdown([reportOf('x')], options).text))
  fc.assert(
    fc.property(hostile, (text) => {
      const { text: markdown } = renderMarkdown([reportOf(text)], { title: text, footer: text })
      const tree = parse(markdown)
      const found = nodes(tree)
      const links = found.filter(({ type }) => /link|image|definition|footnote/i.test(type))
      expect(links.filter(({ url }) => !/^https?:\/\//.test(url ?? ''))).toEqual([])
      expect(links.length === 0 || URL.canParse(text)).toBe(true)
      for (const { type, value = '' } of found) {
        if (type === 'text') for (const act of acts) expect(value).not.toMatch(act)
        if (type !== 'html') continue
        for (const element of elements(value)) {
          if (element.nodeName === '#text') for (const act of acts) expect(element.value).not.toMatch(act)
          else expect(ours).toContain(element.nodeName)
          expect((element.attrs ?? []).every(({ name }) => name === 'open')).toBe(true)
        }
      }
      expect(found.filter(({ type }) => type === 'tableRow').map(({ children }) => children?.length)).toEqual([
        3, 3, 3, 3, 3,
      ])
      const footed = outline(parse(renderMarkdown([reportOf(text)], options).text))
      if (text.trim() !== '') expect(footed).toBe(harmless)
    }),
    { numRuns: 300 },
  )
})

test('what is printable is shown as it is, as text, as a name and in a table', () => {
  fc.assert(
    fc.property(printable, (text) => {
      const line = collapsed(visible(parse(lineMarkdown(text))))
      expect(line).toBe(collapsed(text))
      const span = visible(parse(`x ${inlineMarkdown({ code: text })}`)).slice(2)
      expect(span).toBe(text.trim() === '' ? '␣'.repeat(text.length) : text)
      const table = parse(`| a |\n| --- |\n| ${inlineMarkdown(text)} |\n| ${inlineMarkdown({ code: text })} |`)
      const cells = nodes(table)
        .filter(({ type }) => type === 'tableCell')
        .map(visible)
      expect(collapsed(cells[1] ?? '')).toBe(collapsed(text))
      expect(cells[2]?.trim()).toBe(text.trim() === '' ? '␣'.repeat(text.length) : text.trim())
    }),
    { numRuns: 500 },
  )
})

test.each(['javascript:alert(1)', 'data:text/html,x', 'ftp://example.org', 'https://user:secret@example.org/', '//x'])(
  'a link to %s is shown as its text',
  (url) => {
    expect(inlineMarkdown({ link: { text: 'run', url } })).toBe('run')
  },
)

test('a report never exceeds its budget, and stays whole blocks', () => {
  fc.assert(
    fc.property(
      fc.array(hostile, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1000, max: 20_000 }),
      (texts, budget) => {
        const reports = texts.map((text) => reportOf(text.repeat(5)))
        const { text, dropped } = renderMarkdown(reports, { ...options, budget })
        expect(text.length).toBeLessThanOrEqual(budget)
        const found = nodes(parse(text))
        const tags = found.flatMap(({ type, value = '' }) =>
          type === 'html' ? (value.match(/<\/?details/g) ?? []) : [],
        )
        expect(tags.filter((tag) => tag === '<details').length).toBe(tags.filter((tag) => tag === '</details').length)
        expect(text).toMatch(/^### .*failed/)
        if (dropped.length > 0 && !text.includes('too long to be shown')) expect(text).toContain('Left out for length:')
      },
    ),
    { numRuns: 100 },
  )
})
