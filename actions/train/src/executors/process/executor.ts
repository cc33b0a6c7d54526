import { runProcess } from '@headgate/systems'
import type { Executor } from '../port.ts'

/** Runs the command on this machine, in a process group of its own. */
export function processExecutor(): Executor {
  return {
    name: 'process',
    handle: null,
    run: (job) =>
      runProcess({
        argv: job.argv,
        cwd: job.folder,
        // Python would otherwise hold back its log until it ends.
        environment: { PYTHONUNBUFFERED: '1', ...job.environment },
        secrets: job.secrets,
        timeoutMs: job.timeoutMs,
        memoryLimitBytes: job.memoryBytes,
        signal: job.signal,
        onLine: (_stream, line) => job.onLine(line),
      }),
  }
}
