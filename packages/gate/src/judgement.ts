import type { Evaluation, MetricResult, Status } from '@headgate/core'
import { limitsOf } from '@headgate/core'
import type { Comparison, Decision, DecisionInput, MetricName } from '@headgate/statistics'
import { compareMetric, decideAll, intervalOf, metrics } from '@headgate/statistics'
import type { Evidence } from './evidence.ts'
import type { Gap } from './gap.ts'
import { gapBetween, gapReason } from './gap.ts'
import type { GateRule } from './policy.ts'
import { isComparison } from './policy.ts'
import type { Predictions } from './predictions.ts'
import { inputOf } from './predictions.ts'
import { measurement, ruleSentence } from './reasons.ts'
import type { Slice, Slices } from './slices.ts'
import { cutSlices, nearestSlice, take } from './slices.ts'

export interface JudgementRequest {
  readonly evidence: Evidence
  readonly candidate: Predictions
  readonly baseline: Predictions | undefined
  /** `champion v1.2.0`, for sentences; `null` where there is none. */
  readonly baselineName: string | null
  /** What mends it, where a baseline is asked for and its predictions are not there. */
  readonly unpaired: string | undefined
  /** Whether limits that need a baseline are left out, because no model can be one yet. */
  readonly withoutBaseline: boolean
  readonly rules: readonly GateRule[]
  /** Metrics and columns to report beside the rules. */
  readonly reported: { readonly metrics: readonly MetricName[]; readonly columns: readonly string[] }
  readonly seed: number
}

/** A row of the document, and whether a rule decided on it. */
export interface Judged {
  readonly result: MetricResult
  readonly decides: boolean
  /** Whether its rule decided nowhere, because no slice has enough rows. */
  readonly isIdle: boolean
}

const defaultMinRows = 200
const defaultAlpha = 0.05

/** Holds every rule against the evidence, and measures what is to be reported. */
export function judge(request: JudgementRequest): Judged[] {
  const slices = cutSlices(request.evidence)
  const compare = comparer(request)
  const measureOnly = comparer(request, reportedResamples)
  const ofRules = request.rules.map((rule) => draftsOf(rule, slices, compare, request))
  const idle = new Set(ofRules.filter((drafts) => drafts.every(({ isSmall }) => isSmall)).flat())
  const drafts = ofRules.flat()
  const deciding = drafts.filter((draft) => draft.input !== undefined)
  const decisions = decideAll(deciding.flatMap(({ input }) => input ?? []))
  const judged = drafts.map((draft) => {
    const decision = decisions[deciding.indexOf(draft)]
    return { ...rowOf(draft, decision, slices, request), isIdle: idle.has(draft) }
  })
  const isThere = (metric: string, slice: string | null): boolean =>
    judged.some(({ result }) => result.metric === metric && result.slice === slice)
  const columns = request.reported.columns.flatMap((column) => slices.of(column))
  const others = [slices.all, ...columns].flatMap((slice) =>
    request.reported.metrics
      .filter((metric) => !isThere(metric, slice.name))
      .map((metric) => reportOnly(metric, slice, measureOnly(metric, slice), 'no rule is about it', request)),
  )
  return [...judged, ...others]
}

type Compare = (metric: MetricName, slice: Slice) => Comparison

/** Resamples where nothing is decided, a fifth of what a decision takes. */
const reportedResamples = 1999

/** Compares each metric and slice once. */
function comparer({ evidence, candidate, baseline, seed }: JudgementRequest, resamples?: number): Compare {
  const done = new Map<string, Comparison>()
  return (metric, slice) => {
    const key = JSON.stringify([metric, slice.name])
    const known = done.get(key)
    if (known) return known
    const rows = (values: Float64Array) => take(values, slice, evidence.rows)
    const mine = inputOf(metric, candidate)
    const theirs = baseline && inputOf(metric, baseline)
    const compared = compareMetric({
      metric,
      candidate: rows(mine ?? new Float64Array()),
      truth: rows(evidence.truth),
      seed,
      ...(resamples === undefined ? {} : { resamples }),
      ...(theirs ? { baseline: rows(theirs) } : {}),
      ...(evidence.weights ? { weights: rows(evidence.weights) } : {}),
      ...(evidence.task === 'regression' ? {} : classesOf(evidence)),
    })
    done.set(key, compared)
    return compared
  }
}

function classesOf({ classes }: Evidence): { classes: number; positive?: number } {
  return classes.length === 2 ? { classes: 2, positive: 1 } : { classes: classes.length }
}

interface Draft {
  readonly rule: GateRule
  readonly slice: Slice
  readonly comparison: Comparison
  /** Absent where the row is only reported. */
  readonly input?: DecisionInput
  /** Why it is only reported. */
  readonly because?: string
  readonly isSmall?: boolean
  readonly gap?: Gap
}

function draftsOf(rule: GateRule, slices: Slices, compare: Compare, request: JudgementRequest): Draft[] {
  const { maxGap, ...others } = rule
  const rest = request.withoutBaseline ? withoutComparison(others) : others
  const drafts: Draft[] = []
  if (limitsOf(others).length > 0)
    for (const slice of slices.find(rule.slice)) drafts.push(draftOf(rest, slice, compare))
  if (maxGap !== undefined) drafts.push(gapDraft({ ...withoutLimits(rule), maxGap }, slices, compare))
  return drafts
}

function draftOf(rule: GateRule, slice: Slice, compare: Compare): Draft {
  const comparison = compare(rule.metric, slice)
  const draft = { rule, slice, comparison }
  const least = rule.minRows ?? defaultMinRows
  if (limitsOf(rule).length === 0) return { ...draft, because: 'there is no model to compare with yet' }
  if (slice.name !== null && slice.size < least && slice.size > 0 && rule.required !== true)
    return {
      ...draft,
      isSmall: true,
      because: `${slice.size} rows are fewer than the ${least} from which a slice decides`,
    }
  return { ...draft, input: inputFor(rule, comparison) }
}

function inputFor(rule: GateRule, comparison: Comparison): DecisionInput {
  return {
    rule: ruleFor(rule),
    direction: metrics[rule.metric].direction,
    candidate: comparison.candidate,
    baseline: comparison.baseline,
    candidateBounds: comparison.bounds.candidate,
    differenceBounds: comparison.bounds.difference,
    relativeBounds: comparison.bounds.relative,
    reason: comparison.reason,
  }
}

function ruleFor({ metric: _metric, slice: _slice, minRows: _minRows, ...rule }: GateRule): DecisionInput['rule'] {
  const known = Object.entries(rule).filter(([, value]) => value !== undefined)
  return { alpha: defaultAlpha, ...Object.fromEntries(known) }
}

/** How far the slices of a column that have enough rows lie apart. */
function gapDraft(rule: GateRule, slices: Slices, compare: Compare): Draft {
  const least = rule.required === true ? 1 : (rule.minRows ?? defaultMinRows)
  const gap = gapBetween(slices.of(rule.slice ?? ''), least, (slice) => compare(rule.metric, slice))
  const slice: Slice = { name: rule.slice ?? null, rows: null, size: slices.all.size }
  const comparison = compare(rule.metric, slices.all)
  return { rule, slice, comparison, input: { ...inputFor(rule, comparison), gap: gap.estimate }, gap }
}

function withoutComparison({ maxLoss: _loss, minGain: _gain, relative: _relative, ...rule }: GateRule): GateRule {
  return rule
}

function withoutLimits({ min: _min, max: _max, ...rule }: GateRule): GateRule {
  return withoutComparison(rule)
}

function rowOf(draft: Draft, decision: Decision | undefined, slices: Slices, request: JudgementRequest): Judged {
  const { rule, slice, comparison } = draft
  if (decision === undefined || draft.input === undefined)
    return reportOnly(rule.metric, slice, comparison, draft.because ?? 'no rule is about it', request)
  const optional = rule.required === false
  const status: Status = optional && decision.status !== 'pass' ? 'warn' : decision.status
  const reason = reasonOf(draft, decision, slices, request)
  const note = optional && decision.status !== 'pass' ? `${reason} The rule is not required.` : reason
  const facts = draft.gap ? gapFacts(draft.gap) : factsOf(comparison)
  return {
    decides: true,
    isIdle: false,
    result: { metric: rule.metric, slice: slice.name, rows: slice.size, ...facts, status, rule, reason: note },
  }
}

function reasonOf(draft: Draft, decision: Decision, slices: Slices, request: JudgementRequest): string {
  const { rule, slice, comparison, gap } = draft
  const name = slice.name === null || gap ? rule.metric : `${rule.metric} in ${slice.name}`
  if (slice.size === 0) {
    const near = nearestSlice(rule.slice ?? '', slices)
    return `${rule.metric}: no row is in the slice ${rule.slice}.${near === undefined ? '' : ` Did you mean ${near}?`}`
  }
  if (gap) return gapReason(rule, gap, decision.clauses)
  if (comparison.candidate === null) return `${name} is undefined: ${comparison.reason ?? 'it has no value'}.`
  const measured = measurement(name, comparison, request.baselineName)
  if (isComparison(rule) && request.baseline === undefined) {
    const mend = request.unpaired ?? 'Set `evaluate-gate.baseline: champion`.'
    return `${ruleSentence(measured, decision.clauses)} ${mend}`
  }
  return ruleSentence(measured, decision.clauses)
}

function reportOnly(
  metric: MetricName,
  slice: Slice,
  comparison: Comparison,
  because: string,
  request: JudgementRequest,
): Judged {
  const name = slice.name === null ? metric : `${metric} in ${slice.name}`
  const reason = `${measurement(name, comparison, request.baselineName)}: reported only, because ${because}.`
  const facts = factsOf(comparison)
  return {
    decides: false,
    isIdle: false,
    result: { metric, slice: slice.name, rows: slice.size, ...facts, status: 'pass', rule: null, reason },
  }
}

type Facts = Pick<
  Evaluation['metrics'][number],
  'candidate' | 'baseline' | 'difference' | 'interval' | 'pValue' | 'method'
>

const level = 0.95

function factsOf(comparison: Comparison): Facts {
  const { candidate, baseline, difference, pValue } = comparison
  const ofDifference = baseline !== null
  const found = ofDifference ? comparison.interval : comparison.candidateInterval
  const of = ofDifference ? 'difference' : 'candidate'
  return {
    candidate,
    baseline,
    difference,
    interval: found && { low: found[0], high: found[1], level, of },
    pValue,
    method: ofDifference ? comparison.method : comparison.candidateMethod,
  }
}

function gapFacts({ estimate }: Gap): Facts {
  const found = estimate && intervalOf(estimate.bounds, level)
  return {
    candidate: estimate?.value ?? null,
    baseline: null,
    difference: null,
    interval: found && { low: found[0], high: found[1], level, of: 'candidate' },
    pValue: null,
    method: 'gap between slices, Bonferroni bounds',
  }
}
