import type { MissingShare } from '@headgate/core'
import { worst } from '@headgate/core'
import { percentChange, pValue } from '@headgate/reports'
import { fisherExact, holm } from '@headgate/statistics'
import type { Compared } from './columns.ts'

/** The least change of a missing share that is a jump, as a share of the rows. */
const leastChange = 0.05
/** The family-wise error over all columns. */
const alpha = 0.05

/** How many rows each side has. */
export interface Rows {
  readonly reference: number
  readonly current: number
}

/**
 * Warns of columns whose missing share jumped, up or down: by 5 points of the rows or more, and beyond chance by
 * Fisher's exact test (two-sided), Holm's correction over all columns of both sides, at 5 %. The one keeps large tables
 * from warning of nothing, the other small ones. Whether the values that are there drifted is another question.
 */
export function judgeMissing({ columns, untested }: Compared, rows: Rows): Compared {
  const all = [...columns, ...untested].flatMap(({ column, missingShare }) =>
    missingShare === undefined ? [] : [{ column, missingShare }],
  )
  const known = all.filter(({ missingShare }) => missingShare.reference !== null && missingShare.current !== null)
  const adjusted = holm(known.map(({ missingShare }) => chanceOf(missingShare, rows)))
  const jumps = new Map(
    known.flatMap(({ column }, index) => ((adjusted[index] ?? 1) < alpha ? [[column, adjusted[index] ?? 1]] : [])),
  )
  return {
    columns: columns.map((one) => {
      const jump = jumps.get(one.column)
      if (jump === undefined) return one
      const note = [one.note, sentenceOf(one.missingShare, jump)].filter(Boolean).join(' ')
      return { ...one, missingShare: { ...one.missingShare, jumped: true }, status: worst([one.status, 'warn']), note }
    }),
    untested: untested.map((one) => {
      const jump = jumps.get(one.column)
      if (jump === undefined || one.missingShare === undefined) return one
      const reason = `${one.reason} ${sentenceOf(one.missingShare, jump)}`
      return {
        ...one,
        missingShare: { ...one.missingShare, jumped: true },
        status: worst([one.status, 'warn']),
        reason,
      }
    }),
  }
}

/** The p-value of a change; 1 where it is too small to be a jump. */
function chanceOf({ reference, current }: MissingShare, rows: Rows): number {
  // The tolerance is for shares that rounding moved off 5 points.
  if (reference === null || current === null || Math.abs(current - reference) < leastChange - 1e-12) return 1
  const { pValue: found } = fisherExact(countsOf(reference, rows.reference), countsOf(current, rows.current))
  return found ?? 1
}

function countsOf(share: number, rows: number): Map<string, number> {
  const missing = Math.round(share * rows)
  return new Map([
    ['missing', missing],
    ['present', rows - missing],
  ])
}

function sentenceOf(share: MissingShare, p: number): string {
  return `Missing values: ${percentChange(share.reference, share.current)} of the rows (p ${pValue(p)}).`
}
