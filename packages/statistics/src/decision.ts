import { type Bounds, pValueAbove, pValueBelow, type RelativeBounds, shift } from './comparison/bounds.ts'
import { holm } from './comparison/multiple.ts'

/** What a policy asks of one metric in one slice. */
export interface Rule {
  /** Floor and ceiling of the candidate itself. */
  readonly min?: number
  readonly max?: number
  /** How much worse than the baseline, in the metric's own direction, the candidate may be. */
  readonly maxLoss?: number
  /** How much better it must be. */
  readonly minGain?: number
  /** `maxLoss` and `minGain` are shares of the baseline's absolute value. */
  readonly relative?: boolean
  /** The largest gap between slices. */
  readonly maxGap?: number
  /** True unless given; the required rules share one family for Holm's correction. */
  readonly required?: boolean
  /** One-sided; 0.025 unless given, the level of either end of a 95 % interval. */
  readonly alpha?: number
}

export interface DecisionInput {
  readonly rule: Rule
  readonly direction: 'higher' | 'lower'
  readonly candidate: number | null
  readonly baseline?: number | null
  readonly candidateBounds: Bounds | null
  /** Of candidate minus baseline. */
  readonly differenceBounds?: Bounds | null
  /** Of the difference against a share of the baseline, for `relative` margins. */
  readonly relativeBounds?: RelativeBounds | null
  /** Why bounds of the candidate or of the difference are missing. */
  readonly reason?: string | null
  readonly gap?: { readonly value: number; readonly bounds: Bounds } | null
}

export type DecisionStatus = 'pass' | 'fail' | 'inconclusive'

/** One comparison of a bound with a limit: "the lower bound 0.81 of the candidate is at least min 0.8". */
export interface Clause {
  readonly rule: 'min' | 'max' | 'max-loss' | 'min-gain' | 'max-gap'
  readonly quantity: 'candidate' | 'difference' | 'gap'
  /** The quantity must be at least, or at most, the limit. */
  readonly side: 'at-least' | 'at-most'
  readonly limit: number | null
  /** A limit that is a share of the baseline is as uncertain as the baseline, which the bounds allow for. */
  readonly estimate: number | null
  /** The end of the interval that decides a pass. */
  readonly harmfulBound: number | null
  /** The other end, at alpha; it lies beyond the limit where the clause fails. */
  readonly harmlessBound: number | null
  readonly alpha: number
  /** One-sided, for the quantity lying beyond the limit. */
  readonly pValue: number | null
  /** By Holm over the clauses of the required rules; the p-value itself for the others. */
  readonly adjustedPValue: number | null
  readonly status: DecisionStatus
  /** Why the clause cannot be decided. */
  readonly reason: string | null
}

export interface Decision {
  readonly status: DecisionStatus
  readonly clauses: readonly Clause[]
  /** The first of the worst clauses. */
  readonly deciding: Clause | null
}

const defaultAlpha = 0.025

/** Limits that were reached up to rounding are reached: 0.80 + 0.05 is not 0.85 in binary. */
const rounding = 1e-12

/** Decides one rule by itself. */
export function decide(input: DecisionInput): Decision {
  return decideAll([input])[0] ?? { status: 'inconclusive', clauses: [], deciding: null }
}

/**
 * Decides rules together. A clause passes when the harmful end of the interval keeps the limit, which needs no
 * correction: all clauses must pass. It fails when the interval lies beyond the limit after Holm's correction over
 * the clauses of all required rules; else it is inconclusive. A rule is as good as its worst clause, and one without
 * clauses is inconclusive.
 */
export function decideAll(inputs: readonly DecisionInput[]): Decision[] {
  const drafts = inputs.map((input) => clausesOf(input).map((clause) => draft(clause, input)))
  const family = drafts.flatMap((clauses, i) => (inputs[i]?.rule.required === false ? [] : clauses))
  const adjusted = holm(family.map((clause) => clause.pValue ?? 1))
  const adjustedOf = new Map(family.map((clause, i) => [clause, adjusted[i] ?? 1]))
  return drafts.map((clauses) => settle(clauses.map((clause) => judge(clause, adjustedOf.get(clause)))))
}

type Demand = Pick<Clause, 'rule' | 'quantity' | 'side' | 'limit' | 'reason'> & {
  /** The limit as a share of the baseline's absolute value, where it is one. */
  readonly share?: number
}

/** The clauses of a rule as demands on signed quantities. */
function clausesOf({ rule, direction, baseline }: DecisionInput): Demand[] {
  const demands: Demand[] = []
  const candidate = { quantity: 'candidate', reason: null } as const
  if (rule.min !== undefined) demands.push({ ...candidate, rule: 'min', side: 'at-least', limit: rule.min })
  if (rule.max !== undefined) demands.push({ ...candidate, rule: 'max', side: 'at-most', limit: rule.max })
  const sign = direction === 'higher' ? 1 : -1
  const change = (name: 'max-loss' | 'min-gain', gain: number): Demand => {
    const side = direction === 'higher' ? 'at-least' : 'at-most'
    if (baseline === null || baseline === undefined) {
      return { rule: name, quantity: 'difference', side, limit: null, reason: 'there is no baseline to compare with' }
    }
    const limit = { rule: name, quantity: 'difference', side, limit: sign * gain, reason: null } as const
    return rule.relative ? { ...limit, limit: limit.limit * Math.abs(baseline), share: limit.limit } : limit
  }
  if (rule.maxLoss !== undefined) demands.push(change('max-loss', -rule.maxLoss))
  if (rule.minGain !== undefined) demands.push(change('min-gain', rule.minGain))
  if (rule.maxGap !== undefined) {
    demands.push({ rule: 'max-gap', quantity: 'gap', side: 'at-most', limit: rule.maxGap, reason: null })
  }
  return demands
}

type Draft = Omit<Clause, 'adjustedPValue' | 'status'>

function draft({ share, ...demand }: Demand, input: DecisionInput): Draft {
  const alpha = input.rule.alpha ?? defaultAlpha
  const { estimate, bounds } = quantityOf(demand, share, input)
  if (demand.limit === null || !bounds || estimate === null) {
    const ofMetric = demand.quantity === 'gap' ? null : input.reason
    const reason = demand.reason ?? ofMetric ?? `the ${demand.quantity} has no interval`
    return { ...demand, estimate, harmfulBound: null, harmlessBound: null, alpha, pValue: null, reason }
  }
  const [lower, upper] = [bounds.lower(alpha), bounds.upper(alpha)]
  const slack = rounding * Math.max(1, Math.abs(demand.limit))
  const atLeast = demand.side === 'at-least'
  const beyond = atLeast ? pValueBelow(bounds, demand.limit - slack) : pValueAbove(bounds, demand.limit + slack)
  return {
    ...demand,
    estimate,
    harmfulBound: atLeast ? lower : upper,
    harmlessBound: atLeast ? upper : lower,
    alpha,
    pValue: beyond,
  }
}

function quantityOf(
  { quantity, limit }: Pick<Clause, 'quantity' | 'limit'>,
  share: number | undefined,
  input: DecisionInput,
): { readonly estimate: number | null; readonly bounds: Bounds | null } {
  if (quantity === 'candidate') return { estimate: input.candidate, bounds: input.candidateBounds }
  if (quantity === 'gap') return { estimate: input.gap?.value ?? null, bounds: input.gap?.bounds ?? null }
  const { candidate, baseline } = input
  const known = candidate !== null && baseline !== null && baseline !== undefined
  const estimate = known ? candidate - baseline : null
  if (share === undefined) return { estimate, bounds: input.differenceBounds ?? null }
  // The difference beyond its margin, told from where the margin is estimated to be.
  const beyond = input.relativeBounds?.(share)
  return { estimate, bounds: beyond ? shift(beyond, limit ?? 0) : null }
}

function judge(clause: Draft, familyPValue: number | undefined): Clause {
  const { limit, harmfulBound, pValue } = clause
  if (limit === null || harmfulBound === null || pValue === null) {
    return { ...clause, adjustedPValue: null, status: 'inconclusive' }
  }
  const adjustedPValue = familyPValue ?? pValue
  const slack = rounding * Math.max(1, Math.abs(limit))
  const kept = clause.side === 'at-least' ? harmfulBound >= limit - slack : harmfulBound <= limit + slack
  const status = kept ? 'pass' : adjustedPValue <= clause.alpha ? 'fail' : 'inconclusive'
  return { ...clause, adjustedPValue, status }
}

function settle(clauses: readonly Clause[]): Decision {
  const worst =
    clauses.find((clause) => clause.status === 'fail') ??
    clauses.find((clause) => clause.status === 'inconclusive') ??
    clauses[0]
  return { status: worst?.status ?? 'inconclusive', clauses, deciding: worst ?? null }
}
