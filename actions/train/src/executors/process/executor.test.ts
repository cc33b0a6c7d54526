import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { executorConformance } from '../conformance.ts'
import { processExecutor } from './executor.ts'

const ends = 'a process ends with the job that started it'

executorConformance('process', async () => ({
  open: async () => processExecutor(mkdtempSync(join(tmpdir(), 'executor-'))),
  python: 'python3',
  cannot: {
    'the same training submitted twice is one job, which another client attaches to': ends,
    'a log is taken up where it was left': ends,
  },
}))
