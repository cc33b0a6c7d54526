import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const command = join(import.meta.dirname, '../../apps/cli/src/main.ts')

/** How a stage ended. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `headgate` from source in a folder, with this whole environment. */
export async function headgate(
  folder: string,
  environment: Readonly<Record<string, string>>,
  ...words: string[]
): Promise<Ended> {
  const node = ['--conditions=source', '--disable-warning=ExperimentalWarning', command]
  const options = { cwd: folder, env: { ...environment }, maxBuffer: 64 * 1024 * 1024 }
  return promisify(execFile)(process.execPath, [...node, ...words], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: Ended) => ({ code, stdout, stderr }),
  )
}
