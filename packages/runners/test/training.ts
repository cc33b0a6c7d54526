import { digestOf, environmentSchema, type Training } from '@headgate/core'

/** The least that a training says. */
export const training: Training = {
  run: {
    id: 'r1',
    executor: 'process',
    handle: null,
    command: ['python', 'train.py'],
    params: {},
    startedAt: '2026-01-02T03:04:05Z',
    finishedAt: null,
    exitCode: 0,
    peakMemoryBytes: null,
  },
  data: [],
  code: { commit: 'abc', dirty: null, paths: [], digest: digestOf('code') },
  environment: environmentSchema.parse({
    os: 'linux',
    cpu: 'x64',
    interpreter: null,
    lock: null,
    packages: null,
    image: null,
  }),
  seeds: {},
  metrics: {},
  artifacts: [],
  modelArtifact: null,
  predictions: null,
  tracking: null,
  key: digestOf('key'),
  keyParts: {},
  cache: { hit: false, reason: 'none' },
}
