import { readFile } from 'node:fs/promises'
import { basename, relative, resolve } from 'node:path'
import { UserError } from '@headgate/core'
import type { Spec } from '../port.ts'
import type { RaySettings } from './settings.ts'

type Wanted = Pick<RaySettings, 'requirements' | 'installer'>

/**
 * The part of the runtime environment that installs Python packages.
 * @throws UserError for a lock that Ray cannot install from.
 */
export async function installing(spec: Pick<Spec, 'folder' | 'lock'>, { requirements, installer }: Wanted) {
  const file = fileOf(spec, requirements)
  if (file === undefined) return {}
  const packages = await readRequirements(file, relative(spec.folder, file))
  return packages.length === 0 ? {} : { [installer]: { packages } }
}

function fileOf({ folder, lock }: Pick<Spec, 'folder' | 'lock'>, requirements: string): string | undefined {
  if (requirements === 'off') return undefined
  if (requirements !== 'lock') return resolve(folder, requirements)
  if (lock === null || isRequirements(lock)) return lock ?? undefined
  const name = basename(lock)
  throw new UserError({
    what: `Ray cannot install from ${name}.`,
    fix: `${exporting[name] ?? 'Write its packages into a requirements file'}, and name it by \`ray: {requirements: requirements.txt}\`; or say \`ray: {requirements: off}\` where the nodes have the packages.`,
  })
}

function isRequirements(path: string): boolean {
  return /requirements.*\.(txt|lock|in)$/i.test(basename(path))
}

const exporting: Readonly<Record<string, string>> = {
  'uv.lock': 'Run `uv export --no-emit-project -o requirements.txt`',
  'poetry.lock': 'Run `poetry export -o requirements.txt`',
  'pdm.lock': 'Run `pdm export -o requirements.txt`',
  'Pipfile.lock': 'Run `pipenv requirements > requirements.txt`',
}

/** A requirement per entry, as pip’s format has it: comments gone, continued lines joined. */
async function readRequirements(file: string, name: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UserError({
      what: `\`ray: requirements\`: there is no ${name}.`,
      fix: 'Paths begin at the root of the work tree; `off` installs nothing.',
    })
  })
  const lines = text
    .replaceAll(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) =>
      line
        .replace(/(^|\s)#.*$/, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '')
  const local = lines.filter((line) =>
    /^(-r|-c|-e|--requirement|--constraint|--editable)\b|^\.{0,2}\/|\bfile:/.test(line),
  )
  if (local.length > 0)
    throw new UserError({
      what: `\`ray: requirements\`: ${name} names files of this machine: ${local.slice(0, 3).join(', ')}.`,
      fix: 'Write the packages themselves into it, as `pip-compile` and `uv export --no-emit-project` do.',
    })
  return lines
}
