import { expect, test } from 'vitest'
import { exactBounds, normalBounds } from './comparison/bounds.ts'
import { type DecisionInput, decide, decideAll, type Rule } from './decision.ts'

const everywhere = [-Infinity, Infinity] as const

/** A metric of which higher is better; its value, its difference and either model have this standard error. */
function evidence(rule: Rule, candidate: number, baseline: number, error = 0.01): DecisionInput {
  return {
    rule,
    direction: 'higher',
    candidate,
    baseline,
    candidateBounds: normalBounds(candidate, error, everywhere),
    differenceBounds: normalBounds(candidate - baseline, error, everywhere),
    relativeBounds: (share) => {
      const scale = 1 + share * Math.sign(baseline)
      return normalBounds(candidate - scale * baseline, error * Math.hypot(1, scale), everywhere)
    },
  }
}

/** z at 0.975. */
const z = 1.959963984540054

test('a candidate within the margin passes, beyond it fails, in between is inconclusive', () => {
  expect(decide(evidence({ maxLoss: 0.02 }, 0.9, 0.9)).status).toBe('pass')
  expect(decide(evidence({ maxLoss: 0.02 }, 0.85, 0.9)).status).toBe('fail')
  expect(decide(evidence({ maxLoss: 0.02 }, 0.89, 0.9)).status).toBe('inconclusive')
})

test('a clause tells which bound met which limit', () => {
  const [clause] = decide(evidence({ min: 0.8 }, 0.83, 0.9)).clauses
  expect(clause).toMatchObject({
    rule: 'min',
    quantity: 'candidate',
    side: 'at-least',
    limit: 0.8,
    estimate: 0.83,
    harmfulBound: expect.closeTo(0.83 - z * 0.01, 12),
    harmlessBound: expect.closeTo(0.83 + z * 0.01, 12),
    alpha: 0.025,
    status: 'pass',
    reason: null,
  })
})

test('of a loss, less is better: margins turn with the direction', () => {
  const loss = (rule: Rule, candidate: number) => ({ ...evidence(rule, candidate, 0.4), direction: 'lower' as const })
  expect(decide(loss({ maxLoss: 0.05 }, 0.41)).status).toBe('pass')
  expect(decide(loss({ maxLoss: 0.05 }, 0.5)).status).toBe('fail')
  expect(decide(loss({ minGain: 0.05 }, 0.3)).status).toBe('pass')
  expect(decide(loss({ minGain: 0.05 }, 0.4)).status).toBe('fail')
  expect(decide(loss({ max: 0.5 }, 0.45)).status).toBe('pass')
  expect(decide(loss({ max: 0.5 }, 0.55)).status).toBe('fail')
})

test('a relative margin is a share of the size of the baseline, whatever its sign', () => {
  const clause = (baseline: number) => decide(evidence({ maxLoss: 0.1, relative: true }, baseline, baseline)).clauses[0]
  expect(clause(-2)).toMatchObject({ limit: -0.2, status: 'pass' })
  expect(clause(2)).toMatchObject({ limit: -0.2, status: 'pass' })
  expect(clause(0)?.limit).toBeCloseTo(0, 15)
  expect(clause(0)?.status).toBe('inconclusive')
})

test('a relative margin is as uncertain as the baseline that it is a share of', () => {
  const [clause] = decide(evidence({ maxLoss: 0.5, relative: true }, 0.6, 0.9)).clauses
  // The candidate minus half the baseline: 0.15 with the standard error 0.01 √(1 + 0.5²), beside the margin −0.45.
  expect(clause?.limit).toBeCloseTo(-0.45, 14)
  expect(clause?.harmfulBound).toBeCloseTo(-0.3 - z * 0.01 * Math.sqrt(1.25), 12)
  const { relativeBounds: _, ...known } = evidence({ maxLoss: 0.5, relative: true }, 0.6, 0.9)
  expect(decide(known).deciding).toMatchObject({ status: 'inconclusive', reason: 'the difference has no interval' })
})

test('a limit reached up to the rounding of binary fractions is reached', () => {
  const equal = { ...evidence({ minGain: 0.05 }, 0.85, 0.8), differenceBounds: exactBounds(0.85 - 0.8) }
  expect(0.85 - 0.8).toBeLessThan(0.05)
  expect(decide(equal).status).toBe('pass')
  expect(decide({ ...equal, differenceBounds: exactBounds(0.0499) }).status).toBe('fail')
})

test('without baseline, interval or clause a rule is inconclusive and says why', () => {
  const { baseline: _, ...alone } = evidence({ maxLoss: 0.02 }, 0.9, 0.9)
  expect(decide(alone).deciding).toMatchObject({
    status: 'inconclusive',
    reason: 'there is no baseline to compare with',
  })
  const unbounded = { ...evidence({ min: 0.5 }, 0.9, 0.9), candidateBounds: null }
  expect(decide(unbounded).deciding?.reason).toBe('the candidate has no interval')
  expect(decide({ ...unbounded, reason: 'there are 3 rows' }).deciding?.reason).toBe('there are 3 rows')
  expect(decide(evidence({ maxGap: 0.1 }, 0.9, 0.9)).deciding?.reason).toBe('the gap has no interval')
  expect(decide(evidence({}, 0.9, 0.9))).toEqual({ status: 'inconclusive', clauses: [], deciding: null })
  const infinite = { ...evidence({ min: 0.5 }, 0.9, 0.9), candidateBounds: exactBounds(Number.NaN) }
  expect(decide(infinite).status).toBe('inconclusive')
})

test('a rule is as good as its worst clause', () => {
  const decision = decide(evidence({ min: 0.5, maxLoss: 0.02, minGain: 0.2 }, 0.9, 0.9))
  expect(decision.clauses.map((clause) => clause.status)).toEqual(['pass', 'pass', 'fail'])
  expect(decision).toMatchObject({ status: 'fail', deciding: { rule: 'min-gain' } })
})

test('a gap between slices is held under its ceiling', () => {
  const gap = { value: 0.03, bounds: normalBounds(0.03, 0.005, everywhere) }
  expect(decide({ ...evidence({ maxGap: 0.05 }, 0.9, 0.9), gap }).status).toBe('pass')
  expect(decide({ ...evidence({ maxGap: 0.01 }, 0.9, 0.9), gap }).status).toBe('fail')
})

test('failing is corrected by Holm over the required rules, passing is not', () => {
  // One-sided p-value of the loss: P(Z < −2.2) = 0.0139.
  const bad = evidence({ maxLoss: 0.02 }, 0.9 - 0.02 - 0.022, 0.9)
  const good = evidence({ maxLoss: 0.02 }, 0.9 + 0.0001, 0.9)
  expect(decide(bad).status).toBe('fail')
  const family = decideAll([bad, good, good])
  expect(family.map((decision) => decision.status)).toEqual(['inconclusive', 'pass', 'pass'])
  expect(family[0]?.clauses[0]?.adjustedPValue).toBeCloseTo(3 * 0.013903447513498597, 10)
  const optional = { ...good, rule: { ...good.rule, required: false } }
  expect(decideAll([bad, optional, optional]).map((decision) => decision.status)).toEqual(['fail', 'pass', 'pass'])
})

test('alpha belongs to the rule', () => {
  const clear = evidence({ maxLoss: 0.02, alpha: 0.2 }, 0.89, 0.9)
  // z at 0.8 is 0.8416: 0.01 lost and 0.0084 of doubt.
  expect(decide(clear).status).toBe('pass')
  expect(decide(clear).clauses[0]?.harmfulBound).toBeCloseTo(-0.01 - 0.008416212335729143, 12)
})
