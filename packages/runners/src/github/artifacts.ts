import { cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { DefaultArtifactClient } from '@actions/artifact'
import { messageOf, OutsideError, stageNames, UserError } from '@headgate/core'
import { confine } from '@headgate/files'
import type { HandOver } from '../port.ts'

/** Above this a model does not travel as an artifact. */
const mostBytes = 1e9

/** One artifact per model and stage; `.` is in no model's name, so that no two models share one. */
function artifactName(model: string, stage: string): string {
  return `headgate-${model.replaceAll('/', '.')}-${stage}`
}

/** Documents, reports and the training's output as artifacts of this run: one per stage, since names cannot be reused. */
export function artifactHandOver(client = new DefaultArtifactClient()): HandOver {
  return {
    restore: async (model, workFolder) => {
      const { artifacts } = await outside('listing the artifacts of this run', () =>
        client.listArtifacts({ latest: true }),
      )
      const names = new Set(stageNames.map((stage) => artifactName(model, stage)))
      const brought: string[] = []
      // The newest first: what an older one also holds is already there.
      for (const artifact of artifacts.filter(({ name }) => names.has(name)).sort((a, b) => b.id - a.id)) {
        const folder = await mkdtemp(join(tmpdir(), 'headgate-artifact-'))
        try {
          await outside(`downloading ${artifact.name}`, () => client.downloadArtifact(artifact.id, { path: folder }))
          brought.push(...(await takeMissing(folder, workFolder)))
        } finally {
          await rm(folder, { recursive: true, force: true })
        }
      }
      return brought
    },
    save: async (model, stage, files, workFolder) => {
      const present = (await Promise.all(files.map((path) => filesBelow(join(workFolder, path))))).flat()
      if (present.length === 0) return
      await refuseTooLarge(present)
      const name = artifactName(model, stage)
      await client.deleteArtifact(name).catch(() => undefined)
      await outside(`uploading ${name}`, () => client.uploadArtifact(name, present, workFolder))
    },
  }
}

async function refuseTooLarge(files: readonly string[]): Promise<void> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  if (bytes <= mostBytes) return
  throw new UserError({
    what: `${(bytes / 1e9).toFixed(1)} GB are too much to hand over to later jobs as an artifact.`,
    fix: 'Register in the same job with `hand-over: off`, or make the output smaller.',
  })
}

async function outside<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new OutsideError(
      {
        tried: `Handing documents from job to job: ${what}.`,
        state: `The artifact service answered: ${messageOf(error)}. The documents are on this machine.`,
        next: 'Run the job again, or set `hand-over: off`.',
      },
      { cause: error },
    )
  }
}

/** The files of a folder, or the file itself; nothing where there is neither. */
async function filesBelow(folder: string): Promise<string[]> {
  if ((await stat(folder).catch(() => undefined))?.isFile()) return [folder]
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Copies files that are not there yet, none of them to a place outside the work folder. */
async function takeMissing(from: string, workFolder: string): Promise<string[]> {
  const taken: string[] = []
  for (const file of await filesBelow(from)) {
    const path = relative(from, file)
    const target = confine(workFolder, path)
    if (await stat(target).catch(() => undefined)) continue
    await cp(file, target)
    taken.push(path)
  }
  return taken
}
