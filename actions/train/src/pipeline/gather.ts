import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { type Training, UserError } from '@headgate/core'
import { confine } from '@headgate/files'
import { readJson } from '@headgate/notebooks'
import { type DvcPlace, showMetrics } from '@headgate/systems/dvc'
import { z } from 'zod'
import { kindOf } from '../inputs.ts'
import { predictionFiles } from '../output.ts'
import { compareLocks, type Locks } from './lock.ts'
import type { pipelineSettings } from './settings.ts'

/**
 * Copies what a pipeline left in the work tree to where a training's output is: a stage that did not change is not run
 * again, and so writes nothing there by itself. What is there already stays. A lock that changed is part of the output,
 * so that it reaches whoever commits it.
 */
export async function gather(
  output: string,
  settings: z.output<typeof pipelineSettings> | undefined,
  place: DvcPlace,
  before: Locks,
): Promise<NonNullable<Training['dvc']>> {
  const there = new Set(await readdir(output))
  if (!there.has('model')) await copyModel(output, settings?.model ?? 'model', place.folder)
  if (!predictionFiles.some((name) => there.has(name)))
    await copyPredictions(output, settings?.predictions, place.folder)
  if (!there.has('metrics.json')) await writeMetrics(output, place)
  const left = await compareLocks(place.folder, before)
  for (const { path, changed } of left.locks) if (changed) await copy(join(place.folder, path), join(output, path))
  return left
}

async function writeMetrics(output: string, place: DvcPlace): Promise<void> {
  const metrics = readShown(await showMetrics(place))
  if (metrics !== undefined) await writeFile(join(output, 'metrics.json'), JSON.stringify(metrics))
}

async function copyModel(output: string, path: string, folder: string): Promise<void> {
  const from = confine(folder, path)
  const kind = await kindOf(from)
  const to = join(output, 'model')
  if (kind === 'folder') await copy(from, to)
  if (kind !== 'file') return
  await mkdir(to)
  await copy(from, join(to, basename(from)))
}

async function copyPredictions(output: string, path: string | undefined, folder: string): Promise<void> {
  for (const name of path === undefined ? predictionFiles : [path]) {
    const from = confine(folder, name)
    if ((await kindOf(from)) !== 'file') continue
    const as = predictionFiles.find((file) => extname(file) === extname(name))
    if (as === undefined) throw new UserError({ what: `\`dvc.predictions\`: ${name} is no .parquet, .csv or .ndjson.` })
    return copy(from, join(output, as))
  }
}

/** DVC may have linked files from its cache: copies are files. */
function copy(from: string, to: string): Promise<void> {
  return cp(from, to, { recursive: true, dereference: true })
}

const shownSchema = z.record(
  z.string(),
  z.object({ data: z.record(z.string(), z.object({ data: z.unknown() }).partial()).optional() }),
)

/** The metrics of the work tree, by the name of their file where there are several. */
function readShown(text: string): unknown {
  if (text.trim() === '') return undefined
  const shown = shownSchema.parse(readJson(text))
  const files = Object.entries(shown['']?.data ?? {}).filter(([, { data }]) => isObject(data))
  const [only] = files
  if (files.length <= 1) return only?.[1].data
  return Object.fromEntries(files.map(([file, { data }]) => [file.slice(0, file.length - extname(file).length), data]))
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
