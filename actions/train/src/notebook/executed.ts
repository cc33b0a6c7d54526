import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { File } from '@headgate/core'
import { digestTree, writeAtomically } from '@headgate/files'
import { type FailedCell, failedCell, parseNotebook } from '@headgate/notebooks'
import { masker } from '@headgate/systems'
import type { TrainingNotebook } from './notebook.ts'

const folderName = 'notebook'
const files = ['executed.ipynb', 'executed.html']

/** Hides secrets in what a notebook showed. @returns the cell at which it stopped, should it not have gone through. */
export async function readExecuted(
  output: string,
  { source }: TrainingNotebook,
  secrets: readonly string[],
): Promise<FailedCell | undefined> {
  const hide = masker(secrets)
  for (const name of files) {
    const path = join(output, folderName, name)
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text !== undefined && hide(text) !== text) await writeAtomically(path, hide(text))
  }
  const text = await readFile(join(output, folderName, 'executed.ipynb'), 'utf8').catch(() => undefined)
  const executed = text === undefined ? undefined : parseNotebook(text)
  return executed === undefined || 'problems' in executed ? undefined : failedCell(executed, source)
}

/** What a failed training is explained by, kept apart from the output of the last good one. */
export async function keepFailed(workFolder: string, output: string): Promise<readonly File[]> {
  const failed = join(workFolder, 'failed')
  await rm(failed, { recursive: true, force: true })
  await mkdir(failed)
  const isThere = await rename(join(output, folderName), join(failed, folderName)).then(
    () => true,
    () => false,
  )
  if (isThere) return (await digestTree(failed)).files
  await rm(failed, { recursive: true })
  return []
}

const around = 7
const longest = 2 * around + 1
const shownTraceback = 20
const longestLine = 300

/** What went wrong in a notebook, with the cell's code and the end of the traceback. */
export function cellText({ number, executionCount, source, error, traceback }: FailedCell): string {
  const run = executionCount === null ? '' : `, run as [${executionCount}]`
  const [first] = (error ?? '').split('\n')
  const head = `It stopped in cell ${number}${run}${first ? `: ${first}` : ''}`
  const end = traceback.slice(-shownTraceback)
  const lines = [head, '', ...excerpt(source, traceback), ...(end.length === 0 ? [] : ['', ...end])]
  return lines.map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line)).join('\n')
}

/** The lines around the one that failed, or else the first. */
function excerpt(source: string, traceback: readonly string[]): string[] {
  const lines = source.split('\n')
  const found = traceback.flatMap((line) => /^Cell In\[\d+\],? line (\d+)/.exec(line)?.[1] ?? [])[0]
  const from = Math.max(0, Math.min(Number(found ?? 1) - 1 - around, lines.length - longest))
  const shown = lines.slice(from, from + longest).map((line) => `    ${line}`)
  return [...(from > 0 ? ['    …'] : []), ...shown, ...(from + longest < lines.length ? ['    …'] : [])]
}
