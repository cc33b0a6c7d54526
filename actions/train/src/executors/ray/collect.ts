import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { OutsideError } from '@headgate/core'
import { confine } from '@headgate/files'
import { findRayJob, type Ray, type RayJob, readNodeFile } from '@headgate/systems/ray'
import { z } from 'zod'
import { filesFile, runFolder } from './driver.ts'
import { labelOf } from './labels.ts'
import { readRunFile } from './status.ts'

const filesSchema = z.array(z.object({ path: z.string().min(1), bytes: z.number(), sha256: z.string() }))
type File = z.output<typeof filesSchema>[number]

const together = 4
const attempts = 4

/**
 * Brings the output of a run, a piece at a time, and verifies each file by its digest.
 * @throws OutsideError where its node is gone, or a file does not come whole.
 */
export async function collectRun(ray: Ray, id: string, runId: string, into: string): Promise<void> {
  await mkdir(into, { recursive: true })
  const job = await findRayJob(ray, id)
  const text = job && labelOf(job, 'run-id') === runId ? await readRunFile(ray, job, runId, filesFile) : undefined
  if (job === undefined || text === undefined) throw gone(ray, id)
  const files = filesSchema.parse(JSON.parse(text))
  const left = files.values()
  const bring = async (): Promise<void> => {
    for (const file of left) await bringFile(ray, job, runId, file, confine(into, file.path))
  }
  await Promise.all(Array.from({ length: together }, bring))
}

function gone({ address }: Ray, id: string): OutsideError {
  return new OutsideError({
    tried: `The output of ${id} was asked for on ${address}.`,
    state: 'It is not there any more: the head was restarted, or somebody has deleted the job.',
    next: 'Run it again.',
  })
}

async function bringFile(ray: Ray, job: RayJob, runId: string, file: File, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await bringOnce(ray, job, runId, file, to)
    } catch (error) {
      if (!(error instanceof OutsideError) || attempt >= attempts) throw error
      await sleep(500 * 2 ** attempt)
    }
  }
}

async function bringOnce(ray: Ray, job: RayJob, runId: string, file: File, to: string): Promise<void> {
  const path = `${runFolder(runId)}/output/${file.path}`
  const pieces = await readNodeFile(ray, { node: job.driver_node_id ?? '', path })
  if (pieces === undefined) throw broken(ray, file, 'it is not there.')
  const hash = createHash('sha256')
  await pipeline(async function* hashed() {
    for await (const piece of pieces) {
      hash.update(piece)
      yield piece
    }
  }, createWriteStream(to))
  if (hash.digest('hex') !== file.sha256) throw broken(ray, file, 'what came has another digest.')
}

function broken({ address }: Ray, { path, bytes }: File, why: string): OutsideError {
  return new OutsideError({
    tried: `The training’s ${path} (${bytes} bytes) was fetched from ${address}.`,
    state: `It did not come whole: ${why}`,
    next: 'Attach to the run again by its handle; the job keeps its output until then.',
  })
}
