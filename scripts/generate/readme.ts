import { type AnyStage, fields } from '@headgate/core'
import { allOutputs, inputOf } from './action.ts'

/** A Markdown table of a stage's inputs, its own before the common ones; file-only settings are named as such. */
export function inputTable(stage: AnyStage): string {
  const rows = fields(stage).map((field) => {
    const name = field.fileOnly ? `\`${field.name}\` (only in headgate.yml)` : `\`${field.name}\``
    return row([name, inputOf(field).description])
  })
  return `${row(['input', 'what it says'])}| --- | --- |\n${rows.join('')}`
}

/** A Markdown table of a stage's outputs. */
export function outputTable(stage: AnyStage): string {
  const rows = [...allOutputs(stage)].map(([name, output]) =>
    row([`\`${name}\``, output.description, `\`${output.example}\``]),
  )
  return `${row(['output', 'what it holds', 'example'])}| --- | --- | --- |\n${rows.join('')}`
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |\n`
}
