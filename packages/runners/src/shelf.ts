import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report, StageName } from '@headgate/core'
import { stageNames, UserError } from '@headgate/core'
import { readText, writeAtomically } from '@headgate/files'
import { reportSchema } from '@headgate/reports'

/** Reports lie beside the documents as data, so that a later stage can render those of all stages before it. */
const folder = 'reports'

export async function keepReport(workFolder: string, stage: StageName, report: Report): Promise<void> {
  await writeAtomically(join(workFolder, folder, `${stage}.json`), `${JSON.stringify(report, null, 2)}\n`)
}

/** The reports of all stages that ran, in the pipeline's order. */
export async function keptReports(workFolder: string): Promise<readonly Report[]> {
  const present = new Set(await readdir(join(workFolder, folder)).catch(() => []))
  const found: Report[] = []
  for (const stage of stageNames) {
    if (!present.has(`${stage}.json`)) continue
    const path = join(workFolder, folder, `${stage}.json`)
    found.push(readReport((await readText(path)) ?? '', path))
  }
  return found
}

function readReport(text: string, file: string): Report {
  try {
    return reportSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new UserError({
      what: `is no report: ${(error as Error).message}`,
      where: { file },
      fix: 'Remove it and run its stage again.',
    })
  }
}
