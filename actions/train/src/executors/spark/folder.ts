import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { digestSchema, strictJson, UserError } from '@headgate/core'
import { writeAtomically } from '@headgate/files'
import { z } from 'zod'
import type { Job, Spec } from '../port.ts'

/**
 * What is kept of a training, in a folder of its own by the job's name. Files of one writer each:
 * `job.json` (the submitter: what it is), `pid.json` or `submission.json` (the submitter: it was started),
 * `exit` or `exit.json` (the driver's own end), `ended.json` (who ended it, and why), `log`, `output/`.
 */
const recordSchema = z.object({
  name: z.string(),
  model: z.string(),
  key: digestSchema,
  runId: z.string(),
  submittedAt: z.iso.datetime(),
  /** The machine of the submitter. */
  host: z.string(),
  labels: z.object({
    runId: z.string(),
    commit: z.string(),
    deadline: z.string().nullable(),
    isDetached: z.boolean(),
    ciRun: z.string().nullable(),
  }),
  memoryBytes: z.number().nullable(),
})
export type JobRecord = z.output<typeof recordSchema>

const nameForm = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/

/** The folder of a job. The name may come from a handle, so it is held to its form. */
export function folderOf(root: string, name: unknown): string {
  if (typeof name !== 'string' || !nameForm.test(name))
    throw new UserError({
      what: `\`attach\`: ${JSON.stringify(name ?? null)} is no name of a job of Spark.`,
      fix: 'Give the output `handle` of the step that submitted, as it is.',
    })
  return join(root, name)
}

/** By what a job is found again. */
export function jobOf({ name, runId, host }: JobRecord): Job {
  return { name, runId, host }
}

/** What is kept of a job, unless it is gone, or another run has taken its place. */
export async function readRecord(root: string, name: unknown, runId?: unknown): Promise<JobRecord | undefined> {
  const record = await readJson(join(folderOf(root, name), 'job.json'), recordSchema)
  return runId === undefined || record?.runId === runId ? record : undefined
}

/**
 * Takes the job's name: of several who try, one succeeds. `fill` writes into the folder before anybody sees it; it is
 * told where the folder lies then, and where it will lie.
 * @returns what is kept of it; `undefined` when another has the name.
 */
export async function claimFolder(
  root: string,
  spec: Spec,
  fill: (now: string, later: string) => Promise<void>,
): Promise<JobRecord | undefined> {
  const fresh = join(root, `.new-${randomUUID()}`)
  const record: JobRecord = {
    name: spec.name,
    model: spec.model,
    key: spec.key,
    runId: spec.runId,
    submittedAt: new Date().toISOString(),
    host: hostname(),
    labels: { ...spec.labels },
    memoryBytes: spec.memoryBytes ?? null,
  }
  try {
    await mkdir(join(fresh, 'output'), { recursive: true })
    await writeFile(join(fresh, 'params.json'), strictJson(spec.params))
    await writeFile(join(fresh, 'job.json'), `${JSON.stringify(record)}\n`)
    await fill(fresh, folderOf(root, spec.name))
    await rename(fresh, folderOf(root, spec.name))
    return record
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    if (isTaken(error)) return undefined
    throw error
  }
}

function isTaken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOTEMPTY' || code === 'EEXIST'
}

/** Removes what is kept of a run, and nothing of another that has taken its place meanwhile. */
export async function removeFolder(root: string, { name, runId }: Pick<JobRecord, 'name' | 'runId'>): Promise<void> {
  if ((await readRecord(root, name, runId)) === undefined) return
  const old = join(root, `.old-${randomUUID()}`)
  const moved = await rename(folderOf(root, name), old).then(
    () => true,
    () => false,
  )
  if (!moved) return
  const found = await readJson(join(old, 'job.json'), recordSchema)
  const isOthers = found !== undefined && found.runId !== runId
  if (isOthers) await rename(old, folderOf(root, name))
  else await rm(old, { recursive: true, force: true })
}

/** What is kept of a model's jobs. */
export async function listRecords(root: string, model: string): Promise<JobRecord[]> {
  const names = (await readdir(root).catch(() => [])).filter((name) => nameForm.test(name))
  const records = await Promise.all(names.map((name) => readRecord(root, name)))
  return records.filter((record) => record !== undefined).filter((record) => record.model === model)
}

/** Why a job was ended by us: said before it is, so that whoever looks later knows. */
const endedSchema = z.object({ cause: z.enum(['cancelled', 'memory']) })
export type EndedBy = z.output<typeof endedSchema>['cause']

export async function writeEnded(folder: string, cause: EndedBy): Promise<void> {
  await writeAtomically(join(folder, 'ended.json'), JSON.stringify({ cause }))
}

export async function readEnded(folder: string): Promise<EndedBy | undefined> {
  return (await readJson(join(folder, 'ended.json'), endedSchema))?.cause
}

/** The content of a small file of JSON; `undefined` when it is absent, or not of that form. */
export async function readJson<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
