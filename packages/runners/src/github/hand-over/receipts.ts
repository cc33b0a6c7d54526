import { join } from 'node:path'
import type { StageName } from '@headgate/core'
import { readDocument, readText, writeAtomically } from '@headgate/files'
import { z } from 'zod'
import { parcels } from '../../parcels.ts'

/** Of which artifacts the work folder has the content: written once it has it, so that each is fetched once. */
const receiptsFile = 'handed-over.json'

const receiptsSchema = z.record(z.string(), z.string())

interface Artifact {
  readonly id: number
  /** As `sha256:…`, or the hexadecimal digits alone. */
  readonly digest?: string | undefined
}

/**
 * Whether the work folder has a stage's parcel: that of this very artifact, or one that the stage made here, in this
 * run, and did not hand over. A folder that another run left has neither.
 */
export async function isHere(
  stage: StageName,
  artifact: Artifact,
  workFolder: string,
  runId: string | undefined,
): Promise<boolean> {
  const document = await readDocument(parcels[stage].document, workFolder).catch(() => undefined)
  if (document === undefined) return false
  const receipt = (await readReceipts(workFolder))[stage]
  if (receipt === undefined) return runId !== undefined && document.runner.runId === runId
  return receipt === receiptOf(artifact)
}

export async function keepReceipt(stage: StageName, artifact: Artifact, workFolder: string): Promise<void> {
  const receipts = { ...(await readReceipts(workFolder)), [stage]: receiptOf(artifact) }
  await writeAtomically(join(workFolder, receiptsFile), `${JSON.stringify(receipts, null, 2)}\n`)
}

async function readReceipts(workFolder: string): Promise<Readonly<Record<string, string>>> {
  const text = await readText(join(workFolder, receiptsFile))
  try {
    return receiptsSchema.parse(JSON.parse(text ?? '{}'))
  } catch {
    // Then everything is fetched once more.
    return {}
  }
}

function receiptOf({ id, digest = '' }: Artifact): string {
  return `${id} ${digest.replace(/^sha256:/, '')}`
}
