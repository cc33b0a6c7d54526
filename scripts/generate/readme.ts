import { type AnyStage, camel, type Field, fields, fieldsOf } from '@headgate/core'
import { z } from 'zod'
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

/** A Markdown table of the keys that a setting has inside. @throws where the stage has no such setting. */
export function keyTable(stage: AnyStage, name: string): string {
  const setting = (stage.settings.shape as z.ZodRawShape)[camel(name)]
  const inner = setting instanceof z.ZodOptional ? setting.unwrap() : setting
  if (!(inner instanceof z.ZodObject)) throw new Error(`${stage.name} has no setting ${name} with keys`)
  const rows = fieldsOf(inner, false).map((field) => row([`\`${field.name}\``, describe(field)]))
  return `${row(['key', 'what it says'])}| --- | --- |\n${rows.join('')}`
}

/** Unlike an input, a key inside is always YAML: a list is one, and what is needed is said. */
function describe(field: Field): string {
  const { description } = inputOf({ ...field, list: undefined })
  const isPlain = typeof field.example === 'string' || typeof field.example === 'number'
  const example =
    field.example === undefined ? '' : ` Such as \`${isPlain ? field.example : JSON.stringify(field.example)}\`.`
  return `${description}${example}${field.required ? ' Required.' : ''}`
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |\n`
}
