import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Artifact, type ArtifactClient, DefaultArtifactClient } from '@actions/artifact'
import type { Context, StageName } from '@headgate/core'
import { messageOf, OutsideError, stageNames } from '@headgate/core'
import type { HandOver, HandOverPlace, Log } from '../../port.ts'
import { contentOf, putInPlace } from './content.ts'
import { isHere, keepReceipt } from './receipts.ts'
import { fetchStored, storeContent } from './stored.ts'

export interface ArtifactOptions {
  readonly context: Context
  readonly log: Pick<Log, 'notice'>
  /** A folder that goes away with the job. */
  readonly temporary: string
  /** Above this many bytes a parcel does not travel as an artifact. */
  readonly mostBytes?: number
}

type Client = Pick<ArtifactClient, 'listArtifacts' | 'downloadArtifact' | 'uploadArtifact' | 'deleteArtifact'>

/** One artifact of this run for each stage, since a name cannot be used twice; large content goes to the store. */
export function artifactHandOver(options: ArtifactOptions, client: Client = new DefaultArtifactClient()): HandOver {
  const restored = new Set<string>()
  return {
    restore: async (place) => {
      if (restored.has(place.model)) return []
      const brought: string[] = []
      for (const [stage, artifact] of await listParcels(place.model, client)) {
        brought.push(...(await bring(stage, artifact, place, options, client)))
      }
      restored.add(place.model)
      return brought
    },
    save: async (stage, place, by) => {
      const content = await contentOf(stage, place.workFolder)
      if (content.length === 0) return
      const files = await storeContent(stage, content, place, { mostBytes: 1e9, ...options, by })
      const artifact = await upload(artifactName(place.model, stage), files, place.workFolder, client)
      await keepReceipt(stage, artifact, place.workFolder)
    },
  }
}

/** One artifact per model and stage; `.` is in no model's name, so that no two models share one. */
function artifactName(model: string, stage: string): string {
  return `headgate-${model.replaceAll('/', '.')}-${stage}`
}

async function listParcels(model: string, client: Client): Promise<(readonly [StageName, Artifact])[]> {
  const { artifacts } = await outside('listing the artifacts of this run', () => client.listArtifacts({ latest: true }))
  return stageNames.flatMap((stage) => {
    const artifact = artifacts.find(({ name }) => name === artifactName(model, stage))
    return artifact === undefined ? [] : [[stage, artifact] as const]
  })
}

/** Brings a stage's parcel, unless the work folder has it. Returns the files it brought. */
async function bring(
  stage: StageName,
  artifact: Artifact,
  place: HandOverPlace,
  { context, temporary }: ArtifactOptions,
  client: Client,
): Promise<readonly string[]> {
  const { workFolder } = place
  if (await isHere(stage, artifact, workFolder, context.run?.id)) return []
  const folder = await mkdtemp(join(temporary, 'headgate-parcel-'))
  try {
    await outside(`downloading ${artifact.name}`, () => client.downloadArtifact(artifact.id, { path: folder }))
    await fetchStored(stage, folder, place)
    const brought = await putInPlace(stage, folder, workFolder)
    await keepReceipt(stage, artifact, workFolder)
    return brought
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function upload(
  name: string,
  files: readonly string[],
  workFolder: string,
  client: Client,
): Promise<{ readonly id: number; readonly digest?: string }> {
  await client.deleteArtifact(name).catch(() => undefined)
  const paths = files.map((path) => join(workFolder, path))
  const { id, digest } = await outside(`uploading ${name}`, () => client.uploadArtifact(name, paths, workFolder))
  if (id === undefined) throw new Error(`the artifact ${name} was uploaded, and has no id`)
  return { id, ...(digest && { digest }) }
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
