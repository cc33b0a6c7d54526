import type { Problem } from '@headgate/core'
import { OutsideError, UserError } from '@headgate/core'
import { trackedFinder } from '@headgate/systems/dvc'
import { withoutSecrets } from '@headgate/systems/http'
import { findLocal } from './local.ts'
import { findInS3, findOnWeb } from './remote.ts'
import type { DataPlace, Source } from './source.ts'

/**
 * What the entries of `data` name, each with its digest. Nothing is brought here that tells its state otherwise.
 * @throws UserError with the problems of all entries; OutsideError when a server does not answer.
 */
export async function readData(entries: readonly string[], place: DataPlace): Promise<Source[]> {
  const problems: Problem[] = []
  let outside: OutsideError | undefined
  const sources = new Map<string, Source>()
  const find = trackedFinder(place.workspace)
  for (const entry of entries) {
    const found = await findEntry(entry, place, find).catch((error: unknown) => {
      if (error instanceof UserError) problems.push(...error.problems)
      else if (error instanceof OutsideError) outside ??= error
      else throw error
      return []
    })
    problems.push(...found.flatMap(({ input, path }) => (/[\r\n]/.test(path) ? [brokenName(input.path)] : [])))
    for (const source of found) sources.set(source.path, source)
  }
  if (problems.length > 0) throw new UserError(problems)
  if (outside !== undefined) throw outside
  return [...sources.values()]
}

/** `HEADGATE_DATA` has one name a line. */
function brokenName(path: string): Problem {
  return { what: `\`data\`: ${JSON.stringify(path)} has a line break in its name.`, fix: 'Give it another name.' }
}

async function findEntry(entry: string, place: DataPlace, find: ReturnType<typeof trackedFinder>): Promise<Source[]> {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(entry)?.[1]?.toLowerCase()
  if (scheme === undefined) return findLocal(place.workspace, entry, find)
  if (scheme === 'https' || scheme === 'http') return [await findOnWeb(entry, place)]
  if (scheme === 's3') return [await findInS3(entry, place)]
  const isTable = scheme === 'postgres' || scheme === 'postgresql'
  throw new UserError({
    what: `\`data\`: ${withoutSecrets(entry)} is ${isTable ? 'a table of a database' : `of a kind (${scheme}) whose state is not known here`}.`,
    fix: isTable
      ? 'Export it in a step before, such as by `psql -c "\\copy … to data.csv csv header"`, and name the file.'
      : 'Name files, `https://…`, `s3://…`, or what DVC or Git LFS keeps.',
  })
}
