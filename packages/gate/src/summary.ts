import type { Verdict } from '@headgate/core'
import { isPromotable, worstFirst } from '@headgate/core'
import type { Absence } from './baseline.ts'
import type { Judged } from './judgement.ts'

export interface Said {
  readonly verdict: Verdict
  readonly evidence: 'held-out' | 'self-reported'
  readonly absence: Absence | undefined
  readonly bootstrap: boolean
  readonly caveats: readonly string[]
}

/** One or two sentences: the row that decided with its numbers, and what else limits the verdict. */
export function summaryOf(judged: readonly Judged[], said: Said): string {
  const { absence } = said
  const without = absence === undefined ? '' : absenceText(absence, said)
  const checks = [decisiveReason(judged), countText(judged)]
  const parts = [
    ...(said.verdict === 'fail' ? [...checks, without] : [without, ...checks]),
    said.evidence === 'self-reported' ? 'The evidence is self-reported: set `test-data` for more than a warning.' : '',
    judged.some(({ isIdle }) => isIdle) ? 'A rule decided nothing, because no slice has enough rows.' : '',
    ...said.caveats,
  ]
  return parts.filter((part) => part !== '').join(' ')
}

function absenceText({ reason, isFirst }: Absence, { bootstrap, verdict }: Said): string {
  if (bootstrap) return `First model, ${isPromotable(verdict) ? 'accepted' : 'judged'} without a baseline (bootstrap).`
  if (isFirst) return `${reason} Set \`bootstrap: true\` to accept a first model.`
  return reason
}

/** The first row of the worst status that decides; among passing ones, a comparison before a floor. */
function decisiveReason(judged: readonly Judged[]): string {
  const deciding = judged.filter(({ decides }) => decides).map(({ result }) => result)
  for (const status of worstFirst) {
    const rows = deciding.filter((row) => row.status === status)
    const row = rows.find(({ rule }) => rule?.maxLoss !== undefined || rule?.minGain !== undefined) ?? rows[0]
    if (row) return row.reason
  }
  return 'No rule was checked: write a `policy`.'
}

function countText(judged: readonly Judged[]): string {
  const statuses = judged.filter(({ decides }) => decides).map(({ result }) => result.status)
  if (statuses.length < 2) return ''
  const counts = Map.groupBy(statuses, (status) => status)
  if (counts.size === 1) return `All ${statuses.length} checks: ${statuses[0]}.`
  const parts = worstFirst.flatMap((status) => (counts.has(status) ? [`${counts.get(status)?.length} ${status}`] : []))
  return `Of ${statuses.length} checks: ${parts.join(', ')}.`
}
