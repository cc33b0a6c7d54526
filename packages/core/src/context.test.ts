import { expect, test } from 'vitest'
import { forgeUrlOf, gitTokenOf } from './context.ts'

test.each(['https://git.test', 'https://git.test/', 'https://git.test//'])('%s is one server', (serverUrl) => {
  const forge = { kind: 'gitea', apiUrl: '', serverUrl, repository: 'a/b', token: 't' } as const
  expect(forgeUrlOf({ forge })).toBe('https://git.test/a/b')
  expect(gitTokenOf({ forge })).toEqual({ server: 'https://git.test/', token: 't' })
  expect(gitTokenOf({ forge: { ...forge, token: '' } })).toBeUndefined()
  expect([forgeUrlOf({}), gitTokenOf({})]).toEqual([undefined, undefined])
})
