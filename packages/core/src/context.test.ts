import { expect, test } from 'vitest'
import { type EventKind, forgeUrlOf, gitTokenOf, isTrusted, mayWrite } from './context.ts'

test.each(['https://git.test', 'https://git.test/', 'https://git.test//'])('%s is one server', (serverUrl) => {
  const forge = { kind: 'gitea', apiUrl: '', serverUrl, repository: 'a/b', token: 't' } as const
  expect(forgeUrlOf({ forge })).toBe('https://git.test/a/b')
  expect(gitTokenOf({ forge })).toEqual({ server: 'https://git.test/', token: 't' })
  expect(gitTokenOf({ forge: { ...forge, token: '' } })).toBeUndefined()
  expect([forgeUrlOf({}), gitTokenOf({})]).toEqual([undefined, undefined])
})

const events: readonly EventKind[] = [
  'push',
  'schedule',
  'dispatch',
  'pull-request',
  'merge-queue',
  'workflow-run',
  'other',
]

test.each(events)(
  '%s writes from the default branch and a laptop if it is a push, a schedule or a dispatch',
  (event) => {
    const place = { runner: 'github', event, branch: 'main', defaultBranch: 'main' } as const
    const isWriting = ['push', 'schedule', 'dispatch'].includes(event)
    expect(mayWrite(place)).toBe(isWriting)
    expect(isTrusted(event)).toBe(isWriting)
    expect(mayWrite({ ...place, runner: 'local', branch: 'feature' })).toBe(isWriting)
    // Whatever the event is said to be.
    expect(mayWrite({ ...place, branch: 'feature' })).toBe(false)
    expect(mayWrite({ ...place, branch: '' })).toBe(false)
    expect(mayWrite({ ...place, base: { ref: 'main' } })).toBe(false)
  },
)
