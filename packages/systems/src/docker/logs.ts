import { runProcess } from '../process/run.ts'
import type { AskOptions, Docker } from './command.ts'

/**
 * Reads both streams of a command as one. The engine keeps the order in which a container printed, and only a pipe
 * that both streams share keeps it too, so that a second reading finds the same lines at the same places. No word of
 * the command is read by the shell that joins them.
 */
export async function followMerged(
  docker: Docker,
  words: readonly string[],
  { onLine, signal }: Required<Pick<AskOptions, 'onLine' | 'signal'>>,
): Promise<void> {
  const request = {
    argv: ['/bin/sh', '-c', 'exec "$0" "$@" 2>&1', docker.command, ...words],
    cwd: docker.cwd,
    environment: docker.environment,
    signal,
    graceMs: 500,
    onLine: (_: string, line: string) => onLine?.(line),
  }
  await runProcess(request).catch((error: unknown) => {
    if (!signal?.aborted) throw error
  })
}
