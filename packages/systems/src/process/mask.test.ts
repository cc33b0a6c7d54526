import { expect, test } from 'vitest'
import { masker } from './mask.ts'

const secret = `p@ss/w!rd (ö) 'it"s' <a&b>\\~*`

/** What Python 3 makes of it. */
test.each([
  ['urllib.parse.quote', 'p%40ss/w%21rd%20%28%C3%B6%29%20%27it%22s%27%20%3Ca%26b%3E%5C~%2A'],
  ["quote(safe='')", 'p%40ss%2Fw%21rd%20%28%C3%B6%29%20%27it%22s%27%20%3Ca%26b%3E%5C~%2A'],
  ['quote_plus', 'p%40ss%2Fw%21rd+%28%C3%B6%29+%27it%22s%27+%3Ca%26b%3E%5C~%2A'],
  ['in lower case', 'p%40ss%2fw%21rd%20%28%c3%b6%29%20%27it%22s%27%20%3ca%26b%3e%5c~%2a'],
  ['requests', "p@ss/w!rd%20(%C3%B6)%20'it%22s'%20%3Ca&b%3E%5C~*"],
  ['json.dumps', String.raw`p@ss/w!rd (\u00f6) 'it\"s' <a&b>\\~*`],
  ['json.dumps(ensure_ascii=False)', String.raw`p@ss/w!rd (ö) 'it\"s' <a&b>\\~*`],
  ['json.dumps, twice', String.raw`p@ss/w!rd (\\u00f6) 'it\\\"s' <a&b>\\\\~*`],
  ['repr', String.raw`p@ss/w!rd (ö) \'it"s\' <a&b>\\~*`],
  ['html.escape', String.raw`p@ss/w!rd (ö) &#x27;it&quot;s&#x27; &lt;a&amp;b&gt;\~*`],
  ['markupsafe.escape', String.raw`p@ss/w!rd (ö) &#39;it&#34;s&#39; &lt;a&amp;b&gt;\~*`],
])('a secret is hidden as it is escaped by %s', (_, escaped) => {
  expect(masker([secret])(`<${escaped}> and more`)).toBe('<***> and more')
})

test('of two secrets that begin alike the longer is hidden whole, also escaped', () => {
  const hide = masker(['secret-one', 'secret-one two'])
  expect(hide('secret-one%20two secret-one+two secret-one two secret-one')).toBe('*** *** *** ***')
})

test('what only looks like a secret’s pattern stays', () => {
  expect(masker(['a.b*c+d(e)'])('aXbbbc%d a.b*c d(e')).toBe('aXbbbc%d a.b*c d(e')
})
