import { readdir, rm } from 'node:fs/promises'
import { extname, join, parse } from 'node:path'
import { copyAtomically } from '@headgate/files'

/** Whose predictions were judged. */
export type Side = 'candidate' | 'baseline'

/** Beside the documents, and handed over with them: never in a version, the ledger or a commit. */
const folder = 'evidence'

/**
 * Keeps the judged predictions that lie nowhere else in the work folder, so that a later job can judge again. What an
 * earlier run kept goes away.
 * @param files absolute paths; each keeps its ending, which says its format.
 */
export async function keepJudged(workFolder: string, files: Readonly<Partial<Record<Side, string>>>): Promise<void> {
  const into = join(workFolder, folder)
  const names = Object.entries(files).map(([side, path]) => [`${side}${extname(path)}`, path] as const)
  const wanted = new Set(names.map(([name]) => name))
  const before = await readdir(into).catch(() => [])
  for (const name of before) if (!wanted.has(name)) await rm(join(into, name), { recursive: true })
  for (const [name, path] of names) await copyAtomically(path, join(into, name))
}

/** The absolute path of predictions that were kept; `undefined` where none were. */
export async function findJudged(workFolder: string, side: Side): Promise<string | undefined> {
  const names = await readdir(join(workFolder, folder)).catch(() => [])
  const found = names.sort().find((name) => parse(name).name === side)
  return found && join(workFolder, folder, found)
}

/** Where predictions are kept, for a sentence. */
export function judgedPlace(side: Side): string {
  return join(folder, `${side}.*`)
}
