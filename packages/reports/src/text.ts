import type { Inline, Text } from '@headgate/core'
import { inertName, inertText, safeUrl } from './inert.ts'
import { words } from './words.ts'

/**
 * The parts of a text. A link that may not be followed is its text alone, and neighbouring strings are one, so that
 * nothing comes to be by their meeting.
 */
export function parts(text: Text): readonly Inline[] {
  const merged: Inline[] = []
  for (const inline of Array.isArray(text) ? (text as readonly Inline[]) : [text as Inline]) {
    const part = withSafeLink(inline)
    const last = merged.at(-1)
    if (typeof part === 'string' && typeof last === 'string') merged[merged.length - 1] = last + part
    else merged.push(part)
  }
  return merged
}

function withSafeLink(inline: Inline): Inline {
  if (typeof inline === 'string' || !('link' in inline)) return inline
  const url = safeUrl(inline.link.url)
  return url === undefined ? inline.link.text : { link: { text: inline.link.text, url } }
}

export function isStatus(inline: Inline): inline is Extract<Inline, { status: unknown }> {
  return typeof inline === 'object' && 'status' in inline
}

/** The text without any format, on one line, inert in a log. */
export function plainText(text: Text): string {
  return parts(text).map(plain).join('')
}

function plain(inline: Inline): string {
  if (typeof inline === 'string') return inertText(inline)
  if ('code' in inline) return inertName(inline.code)
  if ('strong' in inline) return inertText(inline.strong)
  if ('status' in inline) return `${words[inline.status].mark} ${words[inline.status].short}`
  return inertText(inline.link.text)
}
