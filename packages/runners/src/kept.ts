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
 * Renders every document of this model again, and of this commit where one is given.
 * @throws UserError for a document that is damaged.
 */
export async function keptReports(workFolder: string, of: Of): Promise<Kept> {
  const found: Report[] = []
  const leftOut: StageKind[] = []
  for (const kind of kinds) {
    const document = await readDocument(kind, workFolder)
    if (document === undefined) continue
    if (isOf(document, of)) found.push(reportOf(kind, document))
    else leftOut.push(kind)
  }
  return { reports: found, leftOut }
}

interface Of {
  readonly model: string
  readonly commit?: string
}

function isOf({ model, commit }: Header, of: Of): boolean {
  return model === of.model && (of.commit === undefined || commit === of.commit)
}

function reportOf<K extends StageKind>(kind: K, document: Document<K>): Report {
  return reports[kind](document)
}
