import type { Document, Header, Report, StageKind } from '@headgate/core'
import { documentKinds } from '@headgate/core'
import { readDocument } from '@headgate/files'
import { reports } from '@headgate/stage-reports'

/** The documents of a work folder as a person reads them. */
export interface Kept {
  /** In the pipeline's order. */
  readonly reports: readonly Report[]
  /** The kinds of documents that were left out, being of another model or commit. */
  readonly leftOut: readonly StageKind[]
}

const kinds = documentKinds.filter((kind) => kind !== 'profile')

/**
 * Renders the documents of this model again, those of one commit: of the newest document's where none is given.
 * @throws UserError for a document that is damaged.
 */
export async function keptReports(workFolder: string, of: Of): Promise<Kept> {
  const read = await Promise.all(kinds.map(async (kind) => ({ kind, document: await readDocument(kind, workFolder) })))
  const present = read.flatMap(({ kind, document }) => (document === undefined ? [] : [{ kind, document }]))
  const commit = of.commit ?? newest(present.map(({ document }) => document).filter(({ model }) => model === of.model))
  const isOf = ({ model, commit: own }: Header): boolean => model === of.model && own === commit
  return {
    reports: present.flatMap(({ kind, document }) => (isOf(document) ? [reportOf(kind, document)] : [])),
    leftOut: present.flatMap(({ kind, document }) => (isOf(document) ? [] : [kind])),
  }
}

interface Of {
  readonly model: string
  readonly commit?: string
}

/** The commit of the document that was made last. */
function newest(documents: readonly Header[]): string | undefined {
  return documents.reduce<Header | undefined>(
    (last, document) => (last === undefined || document.createdAt > last.createdAt ? document : last),
    undefined,
  )?.commit
}

function reportOf<K extends StageKind>(kind: K, document: Document<K>): Report {
  return reports[kind](document)
}
