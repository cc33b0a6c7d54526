import { runProcess } from '@headgate/systems'

/** What a command prints (on stderr, where stdout stays empty), or `null` when it is not there, fails, or takes too long. */
export type Ask = (argv: readonly string[]) => Promise<string | null>

const patienceMs = 20_000

/** Asks commands of this machine: the environment is told as far as it is known. */
export function askerIn(cwd: string, environment: Readonly<Record<string, string>>): Ask {
  return async (argv) => {
    const lines = { stdout: [] as string[], stderr: [] as string[] }
    const onLine = (stream: 'stdout' | 'stderr', line: string): void => void lines[stream].push(line)
    const request = { argv, cwd, environment, timeoutMs: patienceMs, onLine }
    const result = await runProcess(request).catch(() => undefined)
    if (result?.exitCode !== 0) return null
    return (lines.stdout.length > 0 ? lines.stdout : lines.stderr).join('\n')
  }
}
