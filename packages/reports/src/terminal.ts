import type { Report } from '@headgate/core'
import { inertText } from './inert.ts'
import { words } from './words.ts'

export interface TerminalOptions {
  readonly columns: number
  readonly colour: boolean
}

export function renderTerminal(report: Report, _options: TerminalOptions): string {
  return `${inertText(report.title)}: ${words[report.verdict].sentence}\n${inertText(report.summary)}\n`
}
