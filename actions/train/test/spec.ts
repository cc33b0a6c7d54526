import { digestOf } from '@headgate/core'
import type { Spec } from '../src/executors/port.ts'

/** A training as an executor gets it, with nothing but what is given. */
export function makeSpec(given: Partial<Spec> & Pick<Spec, 'name' | 'runId' | 'argv'>): Spec {
  return {
    model: 'm',
    key: digestOf(given.name),
    folder: '/tree',
    files: [],
    params: {},
    data: [],
    output: '/output',
    inherited: {},
    variables: {},
    secretNames: [],
    lock: null,
    labels: { runId: given.runId, commit: '', deadline: null, isDetached: false, ciRun: null },
    timeoutMs: undefined,
    memoryBytes: undefined,
    ...given,
  }
}
