import { stat } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import type { Digest, Document, DocumentKind, File } from '@headgate/core'
import { digestOfTree, documentFile, Refusal, UserError } from '@headgate/core'
import { digestFile, digestTree } from '@headgate/files'
import { findJudged } from '@headgate/gate'
import type { Source } from '@headgate/stores'
import type { Evidence } from './evidence.ts'

/** A model's files as they lie here. */
export interface Content {
  readonly digest: Digest
  readonly files: readonly Source[]
}

/**
 * Digests the model at a path; a single file counts as a folder that holds it.
 * @throws UserError when there is nothing.
 */
export async function readContent(path: string): Promise<Content> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined || (!found.isFile() && !found.isDirectory())) throw nothing(path)
  if (found.isFile()) {
    const file = { path: basename(path), ...(await digestFile(path)) }
    return { digest: digestOfTree([file]), files: [{ ...file, source: path }] }
  }
  const { digest, files } = await digestTree(path)
  if (files.length === 0) throw nothing(path)
  return { digest, files: files.map((file) => ({ ...file, source: join(path, file.path) })) }
}

function nothing(path: string): UserError {
  return new UserError({
    what: 'there is no model here.',
    where: { file: path },
    fix: 'Train one, bring it from the job that did (`hand-over`), or name its folder with `path`.',
  })
}

const keptDocuments: readonly DocumentKind[] = ['evaluation', 'training', 'validation', 'profile']

/** The documents that are kept beside a model. */
export async function readDocuments(workFolder: string): Promise<Source[]> {
  const paths = keptDocuments.map((kind) => join(workFolder, documentFile(kind)))
  const documents = await Promise.all(paths.map((path) => sourceOf(path)))
  return documents.filter((source) => source !== undefined)
}

/**
 * The predictions that the gate judged, which are kept beside a model too; `undefined` where they are not here.
 * @throws Refusal when they are others by now.
 */
export async function readJudged(
  workFolder: string,
  workspace: string,
  { training, evaluation }: Evidence,
): Promise<Source | undefined> {
  const { source, digest } = evaluation.document.candidate
  const left = training.document.predictions
  if (left?.digest === digest) return judged(await sourceOf(join(workFolder, 'output', left.path)), digest)
  const kept = await findJudged(workFolder, 'candidate')
  const found = await sourceOf(kept ?? resolve(workspace, source))
  return found && { ...judged(found, digest), path: `predictions${extname(found.path)}` }
}

function judged<S extends Source | undefined>(found: S, digest: Digest): S {
  if (found === undefined || found.digest === digest) return found
  throw new Refusal(`The predictions ${found.path} are others than the gate judged: ${found.digest}, not ${digest}.`)
}

async function sourceOf(path: string): Promise<Source | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? { path: basename(path), ...(await digestFile(path)), source: path } : undefined
}

/** What the record keeps of a file. */
export function recorded({ path, digest, bytes }: Source): File {
  return { path, digest, bytes }
}

/** The header's inputs: what was read to decide. */
export function inputsOf(evidence: Evidence | undefined, path: string, digest: Digest): Document['inputs'] {
  const model = { path: join(basename(dirname(path)), basename(path)), digest }
  if (evidence === undefined) return [model]
  const { training, evaluation } = evidence
  return [
    model,
    { path: documentFile('training'), digest: training.digest },
    { path: documentFile('evaluation'), digest: evaluation.digest },
  ]
}
