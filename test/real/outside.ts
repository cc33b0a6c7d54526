// What keeps a real system away without being a fault of the tests: no network, no room, no right.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Missing } from './describe-system.ts'

const run = promisify(execFile)

const outside =
  /dial tcp|i\/o timeout|no such host|could(n't| not) (resolve|connect|download)|unable to (fetch|locate|correct)|temporary failure|connection (refused|reset|timed out)|network is unreachable|no space left|\bE: |\b(403|404|502|503|504)\b/i

/** The line of a failed command that names a cause outside. @throws the error itself where none does. */
export function outsideReason(error: unknown): string {
  const { message = '', stderr = '', stdout = '' } = error as { message?: string; stderr?: string; stdout?: string }
  const lines = [stderr, stdout, message].join('\n').split('\n')
  const reason = lines.find((line) => outside.test(line))
  if (reason === undefined) throw error
  return reason.trim()
}

/** Whether this process may mount, as daemons of containers do; in most containers root may not. */
export async function mayMount(): Promise<Missing> {
  return run('unshare', ['--mount', '--pid', '--fork', 'true']).then(
    () => undefined,
    () => 'containers need the right to mount (CAP_SYS_ADMIN), which this machine does not give',
  )
}
