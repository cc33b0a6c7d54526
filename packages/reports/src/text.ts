import type { Inline, Text } from '@headgate/core'
import { inertName, inertText } from './inert.ts'
import { words } from './words.ts'

export function parts(text: Text): readonly Inline[] {
  return Array.isArray(text) ? (text as readonly Inline[]) : [text as Inline]
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
