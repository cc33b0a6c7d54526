import { resolve } from 'node:path'
import { UserError } from '@headgate/core'
import { writeAtomically } from '@headgate/files'
import { renderHtml, renderJUnit, renderMarkdown } from '@headgate/reports'
import { keptReports } from '@headgate/runners'
import type { Command } from '../command.ts'
import { modelFlags, modelSettings } from '../model.ts'

export const command: Command = {
  promise: 'Renders the documents of a work folder again.',
  flags: [
    ...modelFlags,
    { name: 'work-folder', type: 'string', description: 'Where the documents are. Default: .headgate/<model>.' },
    { name: 'html', type: 'string', description: 'Writes the HTML report to this file.' },
    { name: 'junit', type: 'string', description: 'Writes JUnit XML to this file.' },
  ],
  run: async ({ values, stdout, stderr }) => {
    const { model, workspace } = await modelSettings(values)
    const folder = resolve(workspace, values.get('work-folder') ?? `.headgate/${model}`)
    const { reports, leftOut } = await keptReports(folder, { model })
    if (leftOut.length > 0) stderr.write(`Left out, being of another model or commit: ${leftOut.join(', ')}.\n`)
    if (reports.length === 0)
      throw new UserError({ what: `${folder} holds no document of ${model}.`, fix: 'Run a stage first.' })
    const page = { title: model, footer: '' }
    const [html, junit] = [values.get('html'), values.get('junit')]
    if (html) await writeAtomically(resolve(workspace, html), await renderHtml(reports, page))
    if (junit) await writeAtomically(resolve(workspace, junit), renderJUnit(reports))
    stdout.write(`${renderMarkdown(reports, page).text}\n`)
    return 0
  },
}
