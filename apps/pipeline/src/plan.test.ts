import { UserError } from '@headgate/core'
import { expect, test } from 'vitest'
import { planStages } from './plan.ts'

const manual = { on: 'manual', autoPromote: false } as const
const free = { on: 'push', autoPromote: true } as const

test.each(['pull-request', 'merge-queue', 'other', 'workflow-run'] as const)(
  '%s judges and writes nothing',
  (event) => {
    expect(planStages(event, [], free)).toEqual(['validate-data', 'train', 'evaluate-gate'])
    expect(planStages(event, ['evaluate-gate', 'deploy', 'register-model'], free)).toEqual(['evaluate-gate'])
  },
)

test('a push registers, and deploys only where the settings say so', () => {
  expect(planStages('push', [], manual)).toEqual(['validate-data', 'train', 'evaluate-gate', 'register-model'])
  expect(planStages('push', [], free).at(-1)).toBe('deploy')
})

test('a schedule looks at production', () => {
  expect(planStages('schedule', [], free)).toEqual(['drift-check'])
})

test('a dispatch runs what it names, in the order of the pipeline', () => {
  expect(planStages('dispatch', ['deploy', 'train'], manual)).toEqual(['train', 'deploy'])
})

test('a retraining stops before deployment unless it may promote by itself', () => {
  expect(planStages('dispatch', [], manual).at(-1)).toBe('register-model')
  expect(planStages('dispatch', [], free).at(-1)).toBe('deploy')
})

test('an unknown stage is an error that names the near one', () => {
  expect(() => planStages('dispatch', ['trian', 'train'], manual)).toThrow(UserError)
  expect(() => planStages('dispatch', ['trian'], manual)).toThrow(/Did you mean "train"/)
})
