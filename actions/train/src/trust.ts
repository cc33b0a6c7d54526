import { mayWrite, type RunPlace } from '@headgate/core'

/** The default branch takes over only what it trained itself: a model of a pull request’s is never registered. */
export const trusts = ['main', 'branch'] as const
type Trust = (typeof trusts)[number]

export function trustOf(place: RunPlace): Trust {
  return mayWrite(place) ? 'main' : 'branch'
}
