import { ledgerSettings } from '@headgate/core'
import { ledgerReport, openLedger } from '@headgate/ledger'
import { headsKeptBy, openRegistry } from '@headgate/registries'
import { renderMarkdown, renderTerminal } from '@headgate/reports'
import type { Command } from '../command.ts'
import { jsonText } from '../json.ts'
import { modelFlags, modelSettings, nameFlag, registryOf } from '../model.ts'

export const command: Command = {
  promise: 'Shows what was decided, when and why.',
  flags: [...modelFlags, nameFlag],
  run: async ({ values, stdout }) => {
    const { name, workspace, settings } = await modelSettings(values)
    const place = ledgerSettings.parse(settings.get('ledger') ?? {})
    const clone = { directory: workspace, remote: place.remote, now: () => new Date() }
    const keptHeads = headsKeptBy(() => openRegistry(registryOf(settings), clone))
    const ledger = await openLedger({ ...clone, ref: place.ref, keptHeads })
    const { entries } = await ledger.read(name)
    const report = ledgerReport(name, entries)
    const format = values.get('format') ?? 'text'
    if (format === 'json') stdout.write(jsonText(entries))
    else if (format === 'markdown') stdout.write(`${renderMarkdown([report], { title: name, footer: '' }).text}\n`)
    else stdout.write(renderTerminal(report, { columns: 120, colour: false }))
    return 0
  },
}
