import { stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Digest, Document, DocumentKind, File } from '@headgate/core'
import { digestOfTree, documentFile, Refusal, UserError } from '@headgate/core'
import { digestFile, digestTree } from '@headgate/files'
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

/**
 * What is kept beside a model: the predictions that the gate judged, and the documents.
 * @throws Refusal when the predictions are others by now.
 */
export async function readAttachments(
  workFolder: string,
  workspace: string,
  evidence: Evidence | undefined,
): Promise<Source[]> {
  const paths = keptDocuments.map((kind) => join(workFolder, documentFile(kind)))
  const documents = await Promise.all(paths.map((path) => sourceOf(path)))
  const predictions = evidence ? await judgedPredictions(workFolder, workspace, evidence) : undefined
  return [...documents, predictions].filter((source) => source !== undefined)
}

async function judgedPredictions(
  workFolder: string,
  workspace: string,
  { training, evaluation }: Evidence,
): Promise<Source | undefined> {
  const { source, digest } = evaluation.document.candidate
  const left = training.document.predictions
  if (left?.digest === digest) {
    const found = await sourceOf(join(workFolder, 'output', left.path))
    if (found?.digest === digest) return found
    throw new Refusal(`The predictions ${left.path} are ${found ? 'others than' : 'missing, which'} the gate judged.`)
  }
  const named = await sourceOf(resolve(workspace, source))
  if (named?.digest !== digest) return undefined
  return { ...named, path: `predictions${/\.[a-z]+$/.exec(named.path)?.[0] ?? ''}` }
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
