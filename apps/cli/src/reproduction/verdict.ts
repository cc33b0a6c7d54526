import type { Reproduction, Verdict } from '@headgate/core'
import { toleranceText } from '@headgate/stage-reports'

interface Judgement {
  readonly verdict: Verdict
  readonly summary: string
}

/** Whether it is reproduced, and in words why, and what else is not as it was. */
export function judge(name: string, found: Reproduction): Judgement {
  const { verdict, summary } = judgeResults(name, found)
  const names = found.differences.map(({ what }) => what)
  const rest = names.length - listed
  const more = rest > 0 ? ` and ${rest} more` : ''
  const others = names.length === 0 ? '' : ` Not as it was: ${names.slice(0, listed).join(', ')}${more}.`
  return { verdict, summary: summary + others }
}

/** Nothing compared is never a reproduction. */
function judgeResults(name: string, found: Reproduction): Judgement {
  const title = `${name} ${found.version}`
  const lost = found.data.filter(({ restoredFrom }) => restoredFrom === null)
  if (lost.length > 0) return { verdict: 'fail', summary: `${title} is not reproduced: ${lostText(found, lost)}.` }
  const apart = found.metrics.filter(({ status }) => status !== 'pass')
  if (apart.length > 0) return { verdict: 'fail', summary: `${title} is not reproduced: ${apartText(apart)}.` }
  const isSame = found.artifacts.length > 0 && found.artifacts.every(({ was, is }) => was === is)
  if (found.metrics.length > 0)
    return { verdict: 'pass', summary: `${title} is reproduced: ${passText(found, isSame)}.` }
  if (isSame) return { verdict: 'pass', summary: `${title} is reproduced: every file is the same, byte for byte.` }
  return { verdict: 'inconclusive', summary: `${title}: nothing could be compared, since ${found.basisReason}` }
}

function lostText({ run }: Reproduction, lost: Reproduction['data']): string {
  const names = lost.map(({ path, is }) => `${path} is ${is === null ? 'no longer there' : 'no longer what it was'}`)
  return `${names.join(', ')}${run === null ? '; nothing was trained' : ''}`
}

const listed = 3

function apartText(apart: Reproduction['metrics']): string {
  const named = apart.slice(0, listed).map(({ metric, slice, was, is, allowed }) => {
    const far = allowed === null ? '' : `, more than ${short(allowed)} away`
    return `${metric}${slice === null ? '' : ` in ${slice}`} was ${short(was)} and is ${short(is)}${far}`
  })
  const rest = apart.length - listed
  return `${named.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`
}

function passText({ metrics, tolerance, basis, artifacts }: Reproduction, isSame: boolean): string {
  const count = metrics.length === 1 ? 'its metric is' : `all ${metrics.length} metrics are`
  const source = basis === 'predictions' ? 'measured on the test data' : 'as its code wrote them to metrics.json'
  const same = artifacts.filter(({ was, is }) => was === is).length
  const files = isSame ? 'every file is the same' : `${same} of ${artifacts.length} files are the same, byte for byte`
  return `${count} within ${toleranceText(tolerance)}, ${source}; ${files}`
}

function short(value: number | null): string {
  return value === null ? 'undefined' : String(Number(value.toPrecision(6)))
}
