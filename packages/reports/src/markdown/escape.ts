import type { Inline, Text } from '@headgate/core'
import { inertName, inertText, joiner, shorten } from '../inert.ts'
import { parts } from '../text.ts'
import { words } from '../words.ts'

const longestText = 2000
const longestWord = 80
const longestName = 160

/** Entities where a backslash would depend on how many stand before it, backslashes for the rest. */
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '|': '&#124;',
  '\\': '&#92;',
}

/** Running text as Markdown that shows just that text, in a table or out of it; not at the start of a line. */
export function escapeMarkdown(text: string): string {
  return escapeInert(clip(inertText(text)))
}

function escapeInert(text: string): string {
  return part(text).replace(/[&<>|\\`*_[\]#~!$^{}"']/g, (found) => entities[found] ?? `\\${found}`)
}

/** The same for text between HTML tags, where Markdown is not read but mentions and links are. */
export function escapeHtmlInMarkdown(text: string): string {
  return part(clip(inertText(text))).replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`)
}

/**
 * Parts what forges find in text after Markdown has been read, where escapes no longer count: mentions, references
 * (`#1`, `!1`, `GH-1`), e-mail addresses, bare links, emoji codes and `$math$`.
 */
function part(text: string): string {
  return text
    .replace(/[@#!~%$^&](?=[\p{L}\p{N}_"`{*-])/gu, `$&${joiner}`)
    .replace(/(www)(?=\.)/gi, `$1${joiner}`)
    .replace(/:(?=\/\/|:|[a-z0-9_+-]+(?::|$))/gi, `:${joiner}`)
    .replace(/(GH)(?=-\d)/gi, `$1${joiner}`)
    .replace(/(mailto|xmpp)(?=:)/gi, `$1${joiner}`)
}

function clip(text: string): string {
  const whole = shorten(text, longestText)
  return whole.replace(/\S{81,}/g, (word) => shorten(word, longestWord))
}

/** A name as a code span. Its fence is longer than any run of backticks inside. */
function codeSpan(name: string): string {
  const shown = shorten(inertName(name), longestName)
  // A table ends its cell at a pipe even inside a code span, and forges differ on escaping it there.
  if (/[|]/.test(shown)) return `<code>${escapeInert(shown)}</code>`
  const runs = shown.match(/`+/g) ?? []
  const fence = '`'.repeat(Math.max(0, ...runs.map((run) => run.length)) + 1)
  const pad = /^`|`$|^ .* $/.test(shown) ? ' ' : ''
  return `${fence}${pad}${shown}${pad}${fence}`
}

/** A report's text as a paragraph of one line, whose first characters make no list, rule or heading of it. */
export function lineMarkdown(text: Text): string {
  return inlineMarkdown(text)
    .trim()
    .replace(/^[-+=]/, '\\$&')
    .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2')
}

/** A report's text within a line: a table cell, a heading. */
export function inlineMarkdown(text: Text): string {
  return parts(text).map(markdownOf).join('')
}

/** The same inside an HTML tag such as `<summary>`. */
export function inlineHtmlInMarkdown(text: Text): string {
  return parts(text).map(htmlOf).join('')
}

function markdownOf(inline: Inline): string {
  if (typeof inline === 'string') return escapeMarkdown(inline)
  if ('code' in inline) return codeSpan(inline.code)
  if ('strong' in inline) return strong(inline.strong)
  if ('status' in inline) return judgement(inline.status)
  return `[${escapeMarkdown(inline.link.text)}](<${inline.link.url}>)`
}

function htmlOf(inline: Inline): string {
  if (typeof inline === 'string') return escapeHtmlInMarkdown(inline)
  if ('code' in inline) return `<code>${escapeHtmlInMarkdown(inertName(inline.code))}</code>`
  if ('strong' in inline) return `<b>${escapeHtmlInMarkdown(inline.strong)}</b>`
  if ('status' in inline) return judgement(inline.status)
  return escapeHtmlInMarkdown(inline.link.text)
}

/** Tags rather than asterisks: those do not open beside every kind of character. */
function strong(text: string): string {
  return `<b>${escapeMarkdown(text)}</b>`
}

function judgement(status: keyof typeof words): string {
  return `${words[status].glyph} ${words[status].short}`
}
