import type { ExitCode, StageDocument } from '@headgate/core'

interface Made {
  readonly path: string
  readonly reportPath: string
  readonly exitCode: ExitCode
}

/** The outputs that every stage has, by their camelCase names. */
export const commonOutputs = {
  verdict: {
    description: '`pass`, `warn`, `fail`, `inconclusive` or `no-baseline`.',
    example: 'pass',
    value: (document: StageDocument, _made: Made) => document.verdict,
  },
  summary: {
    description: 'One sentence with the numbers that decided.',
    example: 'All 24 checks passed on 20,000 rows.',
    value: (document: StageDocument, _made: Made) => document.summary,
  },
  documentPath: {
    description: 'Path of the document that the stage wrote.',
    example: '.headgate/churn/validation.json',
    value: (_document: StageDocument, made: Made) => made.path,
  },
  reportPath: {
    description: 'Path of the HTML report of the whole run so far.',
    example: '.headgate/churn/report.html',
    value: (_document: StageDocument, made: Made) => made.reportPath,
  },
  exitCode: {
    description: 'What the step ended with: 0 accepted, 1 refused, 2 something to fix, 3 something outside failed.',
    example: '0',
    value: (_document: StageDocument, made: Made) => String(made.exitCode),
  },
} as const
