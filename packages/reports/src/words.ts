import type { Report, Status, Verdict } from '@headgate/core'

type Judgement = Status | Verdict

interface Word {
  /** In a cell or beside a value. */
  readonly short: string
  /** After a title: "Gate on flight-delays: …". */
  readonly sentence: string
  readonly glyph: string
  /** One column wide, in a terminal and in HTML, where the glyph takes the colour of the text. */
  readonly mark: string
}

/** Meaning never hangs on glyph or colour alone: every judgement has its word. */
export const words: Readonly<Record<Judgement, Word>> = {
  pass: { short: 'pass', sentence: 'passed', glyph: '✅', mark: '✓' },
  warn: { short: 'warn', sentence: 'passed with warnings', glyph: '⚠️', mark: '!' },
  fail: { short: 'fail', sentence: 'failed', glyph: '❌', mark: '✗' },
  inconclusive: { short: 'inconclusive', sentence: 'inconclusive', glyph: '❔', mark: '?' },
  error: { short: 'error', sentence: 'could not be judged', glyph: '❗', mark: '‼' },
  'no-baseline': { short: 'no baseline', sentence: 'no baseline yet', glyph: '❔', mark: '?' },
}

const worstFirst: readonly Verdict[] = ['fail', 'inconclusive', 'no-baseline', 'warn', 'pass']

/**
 * The report that decides what the whole says: the first of those with the worst verdict, since later ones follow from
 * it; where all pass the last, which rests on the others.
 */
export function decisive(reports: readonly Report[]): Report | undefined {
  const worst = worstFirst.find((verdict) => reports.some((report) => report.verdict === verdict))
  const those = reports.filter((report) => report.verdict === worst)
  return worst === 'pass' ? those.at(-1) : those[0]
}

/** The sentence that decides, with its stage where there are several. */
export function deciding(reports: readonly Report[]): string {
  const report = decisive(reports)
  if (report === undefined) return 'Nothing was run.'
  return reports.length > 1 ? `${report.title}: ${report.summary}` : report.summary
}
