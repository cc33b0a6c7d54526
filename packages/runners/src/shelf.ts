import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report, StageName } from '@headgate/core'
import { stageNames, UserError } from '@headgate/core'
import { readText, writeAtomically } from '@headgate/files'
import { reportSchema } from '@headgate/reports'
import { z } from 'zod'

/** Reports lie beside the documents as data, so that a later stage can render those of all stages before it. */
const folder = 'reports'

const shelvedSchema = z.object({ commit: z.string(), report: reportSchema })

/** Where a stage's report lies, in the work folder. */
export function reportFile(stage: StageName): string {
  return join(folder, `${stage}.json`)
}

export async function keepReport(workFolder: string, stage: StageName, commit: string, report: Report): Promise<void> {
  await writeAtomically(join(workFolder, reportFile(stage)), `${JSON.stringify({ commit, report }, null, 2)}\n`)
}

/**
 * The reports of all stages that ran, in the pipeline's order.
 * @param commit leaves out what was said of another one.
 */
export async function keptReports(workFolder: string, commit?: string): Promise<readonly Report[]> {
  const present = new Set(await readdir(join(workFolder, folder)).catch(() => []))
  const found: Report[] = []
  for (const stage of stageNames) {
    if (!present.has(`${stage}.json`)) continue
    const path = join(workFolder, reportFile(stage))
    const shelved = readReport((await readText(path)) ?? '', path)
    if (commit === undefined || shelved.commit === commit) found.push(shelved.report)
  }
  return found
}

function readReport(text: string, file: string): z.output<typeof shelvedSchema> {
  try {
    return shelvedSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new UserError({
      what: `is no report: ${(error as Error).message}`,
      where: { file },
      fix: 'Remove it and run its stage again.',
    })
  }
}
