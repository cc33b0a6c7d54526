import { lstat, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { File, Training } from '@headgate/core'
import { digestOfTree, UserError } from '@headgate/core'
import { digestTree } from '@headgate/files'
import { readMetrics } from './metrics.ts'

/** What a training left, by content. */
export interface Output {
  readonly artifacts: readonly File[]
  readonly model: { readonly digest: string; readonly bytes: number }
  readonly predictions: File
  readonly metrics: Training['metrics']
}

/** The names that a training's predictions may have. */
export const predictionFiles = ['predictions.parquet', 'predictions.csv', 'predictions.ndjson']
const listedFiles = 40

/**
 * Makes the empty folder that a training writes into, beside the one that it will replace, and repairs what a run
 * that was killed left behind.
 */
export async function openOutput(workFolder: string, runId: string): Promise<string> {
  await mkdir(workFolder, { recursive: true })
  await repair(workFolder)
  await rm(join(workFolder, 'failed'), { recursive: true, force: true })
  const folder = join(workFolder, `output.tmp-${process.pid}-${runId}`)
  await mkdir(folder)
  return folder
}

async function repair(workFolder: string): Promise<void> {
  const names = await readdir(workFolder)
  const moved = names.filter((name) => name.startsWith('output.old-')).sort()
  for (const name of moved) {
    // Killed between the two renames of a swap: the old output is still the one that the documents speak of.
    if (!(await exists(join(workFolder, 'output')))) await rename(join(workFolder, name), join(workFolder, 'output'))
    else await rm(join(workFolder, name), { recursive: true, force: true })
  }
  for (const name of names.filter((candidate) => candidate.startsWith('output.tmp-'))) {
    const pid = Number(name.split('-')[1])
    if (!isAlive(pid)) await rm(join(workFolder, name), { recursive: true, force: true })
  }
}

/** Puts the new output in the place of the old: whoever looks finds the one or the other, whole. */
export async function swapOutput(workFolder: string, folder: string, runId: string): Promise<void> {
  const output = join(workFolder, 'output')
  const moved: string[] = []
  for (let attempt = 1; ; attempt += 1) {
    const old = join(workFolder, `output.old-${runId}-${attempt}`)
    if (await isMoved(output, old)) moved.push(old)
    try {
      await rename(folder, output)
      break
    } catch (error) {
      // Another training ends at the same moment, and its output came first.
      if (attempt >= swaps || !(await exists(output))) throw error
    }
  }
  for (const old of moved) await rm(old, { recursive: true, force: true })
}

const swaps = 20

/** `false` where there is nothing to move. */
async function isMoved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/**
 * Checks that a training left what it promised, and digests all of it.
 * @throws UserError with the folder's listing when `model/` or the predictions are missing.
 */
export async function readOutput(folder: string): Promise<Output> {
  const isFolder = (await lstat(folder).catch(() => undefined))?.isDirectory() === true
  if (!isFolder) throw folderGone
  const { files } = await digestTree(folder)
  const model = files.filter(({ path }) => path.startsWith('model/'))
  const predictions = files.filter(({ path }) => predictionFiles.includes(path))
  const missing = [
    ...(model.length === 0 ? ['no model/'] : []),
    ...(predictions.length === 0 ? ['no predictions.parquet, .csv or .ndjson'] : []),
  ]
  if (missing.length > 0) throw promiseBroken(`left ${missing.join(' and ')}`, files)
  const [chosen, second] = predictions
  if (chosen === undefined || second !== undefined) throw promiseBroken('left more than one file of predictions', files)
  const inModel = model.map((file) => ({ ...file, path: file.path.slice('model/'.length) }))
  return {
    artifacts: files,
    model: { digest: digestOfTree(inModel), bytes: model.reduce((sum, { bytes }) => sum + bytes, 0) },
    predictions: chosen,
    metrics: await metricsOf(folder, files),
  }
}

const folderGone = new UserError({
  what: 'The training removed the folder that HEADGATE_OUTPUT names, or put something else in its place.',
  fix: 'Write into that folder, and leave the folder itself as it is.',
})

function promiseBroken(what: string, files: readonly File[]): UserError {
  const listed = files.slice(0, listedFiles).map(({ path, bytes }) => `  ${path} (${bytes} bytes)`)
  const more = files.length > listedFiles ? [`  and ${files.length - listedFiles} more`] : []
  const listing = files.length === 0 ? ['  nothing'] : [...listed, ...more]
  return new UserError({
    what: `The training ${what}.\nHEADGATE_OUTPUT holds:\n${listing.join('\n')}`,
    fix: 'Write model/ and one predictions.parquet, .csv or .ndjson into the folder that HEADGATE_OUTPUT names.',
  })
}

async function metricsOf(folder: string, files: readonly File[]): Promise<Training['metrics']> {
  if (!files.some(({ path }) => path === 'metrics.json')) return {}
  return readMetrics(await readFile(join(folder, 'metrics.json'), 'utf8'), 'metrics.json')
}

/** Whether a folder still holds just these files. */
export async function holds(folder: string, artifacts: readonly File[]): Promise<boolean> {
  if (artifacts.length === 0 || !(await exists(folder))) return false
  const found = await digestTree(folder).catch(() => undefined)
  return found?.digest === digestOfTree(artifacts)
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
