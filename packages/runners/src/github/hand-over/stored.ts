import { join } from 'node:path'
import type { Context, StageName } from '@headgate/core'
import { digestOfTree, digestSchema, fileSchema, mayWrite, messageOf, OutsideError, UserError } from '@headgate/core'
import { digestFile, readText, writeAtomically } from '@headgate/files'
import { z } from 'zod'
import type { ContentStore, HandOverPlace, HandOverWay, Log } from '../../port.ts'
import type { Content } from './content.ts'

/** What of a parcel lies in the store, by digest. It travels in the place of the files. */
const storedSchema = z.object({ digest: digestSchema, files: z.array(fileSchema) })

function manifestFile(stage: StageName): string {
  return `stored/${stage}.json`
}

interface Rules {
  readonly context: Context
  readonly log: Pick<Log, 'notice'>
  readonly mostBytes: number
  readonly by: HandOverWay
}

/**
 * Puts what does not travel as an artifact into the store: all that is in folders, where the settings say `store`, or
 * where the parcel is too large. Returns the paths that do travel.
 * @throws UserError when no store can be used, with the line that mends it.
 */
export async function storeContent(
  stage: StageName,
  content: readonly Content[],
  place: HandOverPlace,
  rules: Rules,
): Promise<readonly string[]> {
  const bytes = content.reduce((sum, file) => sum + file.bytes, 0)
  const isLarge = bytes > rules.mostBytes
  const inFolders = content.filter(({ path }) => path.includes('/'))
  const all = content.map(({ path }) => path)
  if (inFolders.length === 0 || (rules.by === 'artifact' && !isLarge)) return all
  const store = await openFor(place, isLarge ? bytes : undefined)
  if (store.writesRepository && !mayWrite(rules.context)) {
    if (isLarge) throw tooLarge(bytes, `Only runs of the default branch write to the store ${store.kind}.`)
    rules.log.notice(`Only runs of the default branch write to the store ${store.kind}: handed over as an artifact.`)
    return all
  }
  await put(stage, inFolders, place, store)
  return [...all.filter((path) => !path.includes('/')), manifestFile(stage)]
}

async function openFor(place: HandOverPlace, tooManyBytes: number | undefined): Promise<ContentStore> {
  try {
    return await place.openStore()
  } catch (error) {
    if (tooManyBytes === undefined || !(error instanceof UserError)) throw error
    throw tooLarge(tooManyBytes, error.message)
  }
}

function tooLarge(bytes: number, why: string): UserError {
  return new UserError({
    what: `${(bytes / 1e9).toFixed(1)} GB are too much to hand over to later jobs as an artifact, and there is no store for them: ${why}`,
    fix: 'Name one that can be written from here, such as `store: directory:/mnt/models`; or set `hand-over: off` and register in this job.',
  })
}

async function put(
  stage: StageName,
  content: readonly Content[],
  { model, workFolder }: HandOverPlace,
  store: ContentStore,
): Promise<void> {
  const files = await Promise.all(
    content.map(async ({ path }) => ({ path, ...(await digestFile(join(workFolder, path))) })),
  )
  const digest = digestOfTree(files)
  const sources = files.map((file) => ({ ...file, source: join(workFolder, file.path) }))
  await store.put({ name: model, digest }, sources).catch((error: unknown) => {
    throw refused(error, store)
  })
  await writeAtomically(join(workFolder, manifestFile(stage)), `${JSON.stringify({ digest, files }, null, 2)}\n`)
}

/** What else than a mistake or an outage a store may answer: that this job has no right to write. */
function refused(error: unknown, { kind, location }: ContentStore): unknown {
  if (error instanceof UserError || error instanceof OutsideError) return error
  return new OutsideError(
    {
      tried: `Put what later jobs need into the store ${kind}:${location}.`,
      state: `It was refused: ${messageOf(error)}. The documents are on this machine, and nothing was handed over.`,
      next: 'Give the job the right to write there (for releases `permissions: { contents: write }`), or set `hand-over: artifact`.',
    },
    { cause: error },
  )
}

/** Fetches what a parcel left in the store, verified, to where its files would be. */
export async function fetchStored(stage: StageName, folder: string, place: HandOverPlace): Promise<void> {
  const file = join(folder, manifestFile(stage))
  const text = await readText(file)
  if (text === undefined) return
  const { digest, files } = readManifest(text, file)
  await (await place.openStore()).fetch({ name: place.model, digest }, files, folder)
}

function readManifest(text: string, file: string): z.output<typeof storedSchema> {
  try {
    return storedSchema.parse(JSON.parse(text))
  } catch (error) {
    const fix = 'Run the job again that handed it over.'
    throw new UserError({ what: `does not say what is stored: ${messageOf(error)}.`, where: { file }, fix })
  }
}
