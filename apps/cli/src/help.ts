import { type AnyStage, fields } from '@headgate/core'
import type { Flag } from './flags.ts'

/** One line for `headgate --help`. */
export interface CommandLine {
  readonly name: string
  readonly promise: string
}

const width = 30

/** `headgate --help`. */
export function overview(commands: readonly CommandLine[]): string {
  const lines = commands.map((command) => `  ${command.name.padEnd(18)}${command.promise}`)
  return [
    'Turns the CI that a repository has into its machine-learning pipeline.',
    '',
    'Usage: headgate <command> [--flag value …]',
    '',
    ...lines,
    '',
    'Settings come from headgate.yml, from flags, or both: a flag wins.',
    'Exit codes: 0 accepted, 1 refused by verdict, 2 something to fix, 3 something outside failed, 70 a bug.',
    '`headgate <command> --help` tells more.',
    '',
  ].join('\n')
}

/** `headgate <stage> --help`: every flag with its default, the file-only settings, the outputs. */
export function stageHelp(stage: AnyStage, shared: readonly Flag[]): string {
  const all = fields(stage)
  const flag = (name: string, text: string): string => {
    const head = `  --${name}`
    return head.length < width ? `${head.padEnd(width)}${text}` : `${head}\n${' '.repeat(width)}${text}`
  }
  const described = all
    .filter((field) => !field.fileOnly)
    .map((field) => {
      const values = field.values ? ` One of: ${field.values.join(', ')}.` : ''
      const fallback = field.defaultText ? ` Default: ${field.defaultText.replaceAll('`', '')}.` : ''
      return flag(field.name, `${field.description}${values}${fallback}`)
    })
  const fileOnly = all
    .filter((field) => field.fileOnly)
    .map((field) => `  ${field.name.padEnd(width - 2)}${field.description}`)
  const isSayable = ({ example }: (typeof all)[number]): boolean =>
    ['string', 'number', 'boolean'].includes(typeof example)
  const examples = all.filter((field) => isSayable(field) && !field.fileOnly && !field.common).slice(0, 4)
  const example = examples.map((field) => ` --${field.name} ${quoted(field.example)}`).join('')
  return [
    stage.promise,
    '',
    `Usage: headgate ${stage.name} [--flag value …]`,
    ...(example ? [`Example: headgate ${stage.name}${example}`] : []),
    '',
    'Flags (all of them also as keys of headgate.yml):',
    ...described,
    ...shared.map((one) => flag(one.name, one.description)),
    ...(fileOnly.length > 0 ? ['', 'Only in headgate.yml:', ...fileOnly] : []),
    '',
  ].join('\n')
}

function quoted(value: unknown): string {
  const text = Array.isArray(value) ? value.join(' ') : String(value)
  return /^[\w./:@-]+$/.test(text) ? text : `'${text}'`
}

/** `--help` of a command that is no stage. */
export function commandHelp(usage: string, promise: string, flags: readonly Flag[]): string {
  const lines = flags.map((flag) => `  --${flag.name.padEnd(width - 4)}${flag.description}`)
  return [promise, '', `Usage: headgate ${usage} [--flag value …]`, '', ...lines, ''].join('\n')
}
