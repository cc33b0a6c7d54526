import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { UserError } from '@headgate/core'
import type { Spec } from '../port.ts'
import type { RaySettings } from './settings.ts'

/**
 * The requirements that Ray installs for the job, one per entry; `undefined` where it installs nothing.
 * @throws UserError for a lock that pip cannot read, and for lines that only mean something on this machine.
 */
export async function readRequirements(
  { requirements, runtimeEnv }: RaySettings,
  { lock, folder }: Pick<Spec, 'lock' | 'folder'>,
): Promise<string[] | undefined> {
  if (requirements === 'off' || 'pip' in runtimeEnv || 'uv' in runtimeEnv || 'conda' in runtimeEnv) return undefined
  if (requirements === 'lock' && lock === null) return undefined
  const file = requirements === 'lock' ? (lock as string) : join(folder, requirements)
  if (requirements === 'lock' && !/^requirements.*\.(txt|lock)$/.test(basename(file))) throw unreadable(file)
  const text = await readFile(file, 'utf8').catch(() => absent(requirements))
  const lines = text
    .replaceAll(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter(Boolean)
  const local = lines.filter((line) => /^(-r|-c|-e|--requirement|--constraint|--editable|\.|\/|file:)/.test(line))
  if (local.length === 0) return lines
  throw new UserError({
    what: `Ray cannot install ${local.join(', ')}: it sees no file of this machine.`,
    where: { file },
    fix: 'Write all requirements into one file, or say `ray: {requirements: off}` where the cluster has them.',
  })
}

function unreadable(file: string): UserError {
  return new UserError({
    what: `Ray cannot install from ${basename(file)}.`,
    where: { file },
    fix: 'Write it out as a requirements file (`uv export -o requirements.txt`, `poetry export`) and name that by `ray: {requirements: requirements.txt}`, or say `requirements: off` where the cluster has all that is needed.',
  })
}

function absent(file: string): never {
  throw new UserError({ what: `\`ray: {requirements}\`: there is no file ${file}.`, fix: 'Name one that there is.' })
}
