import fc from 'fast-check'
import { parse } from 'parse5'
import { expect, test } from 'vitest'
import { hostile, reportOf } from '../../test/hostile.ts'
import { sampleOptions, sampleReports } from '../../test/sample.ts'
import { heading, section } from '../blocks.ts'
import { renderHtml } from './page.ts'

interface Node {
  readonly nodeName: string
  readonly value?: string
  readonly attrs?: readonly { readonly name: string; readonly value: string }[]
  readonly childNodes?: readonly Node[]
}

function all(node: Node): readonly Node[] {
  return [node, ...(node.childNodes ?? []).flatMap(all)]
}

async function nodesOf(text: string): Promise<readonly Node[]> {
  return all(parse(await renderHtml([reportOf(text)], { title: text, footer: text })) as Node)
}

/** Elements and the names of their attributes; links apart, which a text that is a URL may be. */
function shape(nodes: readonly Node[]): ReadonlySet<string> {
  const elements = nodes.filter(({ nodeName }) => !nodeName.startsWith('#') && nodeName !== 'a')
  return new Set(
    elements.flatMap(({ nodeName, attrs = [] }) => [nodeName, ...attrs.map(({ name }) => `${nodeName}.${name}`)]),
  )
}

test('no text at any place makes an element or an attribute that a harmless text does not', async () => {
  const harmless = shape(await nodesOf('x'))
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      const nodes = await nodesOf(text)
      expect([...shape(nodes)].filter((part) => !harmless.has(part))).toEqual([])
      for (const { nodeName, attrs = [] } of nodes) {
        if (nodeName === 'a')
          expect(attrs.every(({ name, value }) => name !== 'href' || /^(https?:|#)/.test(value))).toBe(true)
        for (const { name } of attrs) expect(name).not.toMatch(/^on/)
      }
    }),
    { numRuns: 60 },
  )
})

test.each(Object.getOwnPropertyNames(Object.prototype))(
  'what is called %s is drawn, and changes no object',
  async (name) => {
    const own = () => [Object.prototype, Object].map((one) => Object.keys(one))
    const before = own()
    const drawn = async (text: string) => (await nodesOf(text)).filter(({ nodeName }) => nodeName === 'text').length
    expect(await drawn(name)).toBe(await drawn('x'.repeat(name.length)))
    expect(own()).toEqual(before)
  },
)

test('the same elements stand outside of charts, in the same number', async () => {
  const outline = (nodes: readonly Node[]) =>
    nodes
      .map(({ nodeName }) => nodeName)
      .filter((name) => /^(h\d|p|td|th|tr|table|section|article|details|pre|li|svg)$/.test(name))
  const harmless = outline(await nodesOf('x'))
  for (const text of ['</table></details></section>', '<li>a\n\n</p>', '--><svg/onload=x>', ']]></style><script>']) {
    expect(outline(await nodesOf(text))).toEqual(harmless)
  }
})

test('needs nothing from elsewhere and runs nothing', async () => {
  const nodes = all(parse(await renderHtml(sampleReports, sampleOptions)) as Node)
  expect(
    nodes.filter(({ nodeName }) => ['script', 'link', 'img', 'iframe', 'image', 'use'].includes(nodeName)),
  ).toEqual([])
  const style = nodes.find(({ nodeName }) => nodeName === 'style')
  expect(style?.childNodes?.[0]?.value).not.toMatch(/@import|url\(/)
})

test('every chart carries its words, takes its colours from the scheme and shares no id', async () => {
  const html = await renderHtml(sampleReports, sampleOptions)
  const nodes = all(parse(html) as Node)
  const labels = nodes
    .filter(({ nodeName }) => nodeName === 'svg')
    .map(({ attrs = [] }) => Object.fromEntries(attrs.map(({ name, value }) => [name, value])))
  expect(labels.length).toBe(6)
  expect(labels.every((attributes) => attributes.role === 'img' && attributes['aria-label'] !== '')).toBe(true)
  const painted = html.match(/\b(fill|stroke)="(?!none|transparent|var\()[^"]*"/g) ?? []
  expect(painted).toEqual([])
  const ids = nodes.flatMap(({ attrs = [] }) => attrs.filter(({ name }) => name === 'id').map(({ value }) => value))
  expect(new Set(ids).size).toBe(ids.length)
})

test('the same reports give the same page', async () => {
  expect(await renderHtml(sampleReports, sampleOptions)).toBe(await renderHtml(sampleReports, sampleOptions))
})

test('a link in a heading makes no link within a link of the navigation', async () => {
  const [report] = sampleReports
  if (report === undefined) throw new Error('The sample has no report.')
  const linked = heading(2, [{ link: { text: 'run 7', url: 'https://example.org/7' } }])
  const html = await renderHtml([{ ...report, sections: [section('Run', 1, [linked])] }], sampleOptions)
  expect(html).toContain('<a href="#stage-1-1">run 7</a>')
})
