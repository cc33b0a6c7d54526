import { expect, test } from 'vitest'
import { contextOf } from '../test/project.ts'
import { heldRule } from './held.ts'
import { reasonNotToTrain } from './pull-request.ts'

const pull = { context: contextOf('pull-request'), labels: [] }
const labelled = { ...pull, labels: ['train'] }

test('whether a pull request trains is the setting’s', () => {
  const executor = 'process'
  expect(reasonNotToTrain({ executor, onPullRequest: 'always' }, pull)).toBeUndefined()
  expect(reasonNotToTrain({ executor, onPullRequest: 'label' }, pull)).toContain('not labelled `train`')
  expect(reasonNotToTrain({ executor, onPullRequest: 'label' }, labelled)).toBeUndefined()
  expect(reasonNotToTrain({ executor, onPullRequest: 'never' }, labelled)).toContain('never')
  expect(
    reasonNotToTrain({ executor, onPullRequest: 'never' }, { ...pull, context: contextOf('push') }),
  ).toBeUndefined()
})

test('unless it says otherwise, a pull request trains on the CI’s machine, and elsewhere where it is asked for', () => {
  expect(reasonNotToTrain({ executor: 'process' }, pull)).toBeUndefined()
  for (const executor of ['docker', 'kubernetes', 'ray', 'spark'] as const) {
    expect(reasonNotToTrain({ executor }, pull)).toBe(
      `the pull request is not labelled \`train\` (\`executor: ${executor}\`).`,
    )
    expect(reasonNotToTrain({ executor }, labelled)).toBeUndefined()
  }
})

test('a change may ask for more training on the CI’s machine, and for no bill elsewhere', () => {
  const rule = (base: Parameters<typeof heldRule>[0], own: Parameters<typeof heldRule>[1]) => heldRule(base, own)
  const [here, there] = ['process', 'kubernetes'] as const
  expect(rule({ executor: here }, { executor: here, onPullRequest: 'never' })).toBe('always')
  expect(rule({ executor: here, onPullRequest: 'never' }, { executor: here, onPullRequest: 'always' })).toBe('always')
  expect(rule({ executor: there }, { executor: there, onPullRequest: 'always' })).toBe('label')
  expect(rule({ executor: there, onPullRequest: 'always' }, { executor: there, onPullRequest: 'never' })).toBe('always')
  expect(rule({ executor: here, onPullRequest: 'always' }, { executor: there, onPullRequest: 'always' })).toBe('label')
  expect(rule({ executor: here, onPullRequest: 'never' }, { executor: there, onPullRequest: 'always' })).toBe('never')
  // A change that takes the training back to the CI’s machine cannot be spared one.
  expect(rule({ executor: there }, { executor: here, onPullRequest: 'never' })).toBe('always')
})
