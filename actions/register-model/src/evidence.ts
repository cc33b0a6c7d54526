import { join } from 'node:path'
import type { Digest, Document, DocumentKind } from '@headgate/core'
import {
  digestOf,
  documentFile,
  isPromotable,
  isTrusted,
  type Problem,
  parseDocument,
  Refusal,
  UserError,
} from '@headgate/core'
import { readText } from '@headgate/files'

/** A document of the work folder, with the digest of its file. */
interface Proof<K extends DocumentKind> {
  readonly document: Document<K>
  readonly digest: Digest
}

/** What speaks for a model. */
export interface Evidence {
  readonly training: Proof<'training'>
  readonly evaluation: Proof<'evaluation'>
  readonly validation: Proof<'validation'> | undefined
}

/**
 * Reads the documents that earlier stages left.
 * @throws UserError when training or evaluation are missing.
 */
export async function readEvidence(workFolder: string): Promise<Evidence> {
  const training = await readProof('training', workFolder)
  const evaluation = await readProof('evaluation', workFolder)
  const validation = await readProof('validation', workFolder)
  if (training && evaluation) return { training, evaluation, validation }
  const problems: Problem[] = []
  if (!training) problems.push(absent(workFolder, 'training', 'Run `headgate train` before.'))
  if (!evaluation) problems.push(absent(workFolder, 'evaluation', 'Run `headgate evaluate-gate` before.'))
  throw new UserError(problems)
}

async function readProof<K extends DocumentKind>(kind: K, workFolder: string): Promise<Proof<K> | undefined> {
  const path = join(workFolder, documentFile(kind))
  const text = await readText(path)
  return text === undefined ? undefined : { document: parseDocument(kind, text, path), digest: digestOf(text) }
}

function absent(workFolder: string, kind: DocumentKind, fix: string): Problem {
  const also = 'In another job, `hand-over` brings it; a model from elsewhere is adopted with `--import`.'
  return { what: 'is missing.', where: { file: join(workFolder, documentFile(kind)) }, fix: `${fix} ${also}` }
}

/**
 * Holds the evidence against the model at hand.
 * @throws Refusal naming every reason against a registration.
 */
export function admit({ training, evaluation, validation }: Evidence, model: Digest): void {
  const { verdict, candidate } = evaluation.document
  const trained = training.document
  const reasons = [
    ...(isTrusted(trained.runner.event)
      ? []
      : ['The model was trained in a pull request or on another branch: the default branch must train it again.']),
    ...(trained.error === undefined ? [] : [`Its training failed: ${trained.error.message}`]),
    ...(trained.modelArtifact?.digest === model
      ? []
      : [
          `The model at hand (${model}) is not the one that training left (${trained.modelArtifact?.digest ?? 'none'}).`,
        ]),
    ...(candidate.modelDigest === model
      ? []
      : [`The gate judged ${candidate.modelDigest ?? 'predictions of an unknown model'}, not the model at hand.`]),
    ...(candidate.trainingKey === trained.key
      ? []
      : [`The gate judged training ${candidate.trainingKey ?? 'of an unknown key'}, not ${trained.key}.`]),
    ...(isPromotable(verdict) ? [] : [`The gate said ${verdict}: ${evaluation.document.summary}`]),
    ...(validation?.document.verdict === 'fail' ? [`The data was refused: ${validation.document.summary}`] : []),
  ]
  if (reasons.length > 0) throw new Refusal(reasons.join('\n'))
}

/**
 * Whether the champion is still the one that the gate compared with.
 * @throws Refusal when it moved.
 */
export function checkBaseline({ evaluation }: Evidence, champion: string | null, alias: string): void {
  const { baseline } = evaluation.document
  if (champion === null || baseline.version === champion) return
  // A file says nothing about the champion: good enough for a challenger, which is compared again before it serves.
  if (baseline.kind === 'file' && alias !== 'champion') return
  const against = baseline.version === null ? 'no champion' : `v${baseline.version}`
  throw new Refusal(
    `The gate compared with ${against}, and the champion is v${champion} now: gate again against v${champion}.`,
  )
}
