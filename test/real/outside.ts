// What keeps a real system away without being a fault of the tests: no network, no room, no right.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

/** What a daemon of containers does for each: a mount space, an overlay of folders, a control group. */
const probe = `
set -e
cd "$1"
mkdir lower upper work merged
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged
groups=/sys/fs/cgroup
if [ -d $groups/memory ]; then groups=$groups/memory; fi
mkdir $groups/headgate-probe-$$
rmdir $groups/headgate-probe-$$
`

/** Whether this process may do what daemons of containers do; in most containers root may not. */
export async function mayRunContainers(): Promise<Missing> {
  const folder = await mkdtemp(join(tmpdir(), 'hg-real-probe-'))
  try {
    await run('unshare', ['--mount', '--pid', '--fork', 'sh', '-c', probe, 'sh', folder])
    return undefined
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string }
    return `this machine gives no right to run containers: ${stderr.trim().split('\n').at(-1) || message}`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
