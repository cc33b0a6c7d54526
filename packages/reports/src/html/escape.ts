import type { Inline, Status, Text, Verdict } from '@headgate/core'
import { inertName, inertText } from '../inert.ts'
import { parts } from '../text.ts'
import { words } from '../words.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text that is inert already, for content and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (found) => entities[found] ?? found)
}

export function textHtml(text: string): string {
  return escapeHtml(inertText(text))
}

export function inlineHtml(text: Text): string {
  return parts(text).map(htmlOf).join('')
}

function htmlOf(inline: Inline): string {
  if (typeof inline === 'string') return textHtml(inline)
  if ('code' in inline) return `<code>${escapeHtml(inertName(inline.code))}</code>`
  if ('strong' in inline) return `<strong>${textHtml(inline.strong)}</strong>`
  if ('status' in inline) return statusHtml(inline.status, words[inline.status].short)
  return `<a href="${escapeHtml(inline.link.url)}" rel="noreferrer">${textHtml(inline.link.text)}</a>`
}

/** A judgement: its word, a mark of its own shape, and only then a colour. */
export function statusHtml(status: Status | Verdict, said: string): string {
  return `<span class="status ${status}"><span aria-hidden="true">${words[status].mark}</span> ${said}</span>`
}
