import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Claim, decide, retrainRules, type Window } from './index.ts'

const rules = retrainRules.parse({ windows: 2, of: 3, cooldown: '2d', budget: { day: 1, month: 3 }, lease: '6h' })
const start = Date.UTC(2026, 0, 1)
const at = (days: number): string => new Date(start + days * 86_400_000).toISOString()
const window = (days: number, drifted: boolean | null): Window => ({ id: `day-${days}`, drifted, until: at(days) })
const situation = (now: number, newest: Window, earlier: readonly Window[], claims: readonly Claim[] = []) => ({
  model: 'm',
  now: new Date(start + now * 86_400_000),
  window: newest,
  earlier,
  claims,
  rules,
})

test('one bad window alone starts nothing, and says why', () => {
  const decision = decide(situation(3, window(3, true), [window(1, false), window(2, false)]))
  expect(decision.retrain).toBe(false)
  expect(decision.reasons[0]).toContain('1 of the last 3 windows drifted and the rule asks for 2 of 3')
})

test('two of three with the newest among them start a training with a key', () => {
  const decision = decide(situation(3, window(3, true), [window(1, true), window(2, false)]))
  expect(decision).toMatchObject({ retrain: true, blockedBy: [], key: expect.stringMatching(/^[0-9a-f]{16}$/) })
})

test('two of three without the newest start nothing', () => {
  expect(decide(situation(3, window(3, false), [window(1, true), window(2, true)])).retrain).toBe(false)
})

test('a window that was checked twice counts once', () => {
  expect(decide(situation(3, window(3, true), [window(3, true), window(3, true)])).retrain).toBe(false)
})

test('a window that could not be decided is no reason', () => {
  const decision = decide(situation(3, window(3, null), [window(1, true), window(2, true)]))
  expect(decision).toMatchObject({ retrain: false, key: null })
})

test('a late window that ended before the newest changes nothing', () => {
  expect(decide(situation(4, window(2, true), [window(1, true), window(3, false)])).retrain).toBe(false)
})

test('each obstacle is named', () => {
  const claim = (days: number, ended: boolean): Claim => ({
    key: `k${days}`,
    at: at(days),
    until: at(days + 0.25),
    ended,
  })
  const blocked = (now: number, claims: Claim[]): string =>
    decide(situation(now, window(10, true), [window(9, true)], claims)).blockedBy.join(' ')
  expect(blocked(10, [claim(9.9, false)])).toMatch(/in flight.*cooldown of 48 hours.*budget of 1 a day/)
  expect(blocked(11.5, [claim(10, true)])).toMatch(/^The last retraining started .* cooldown of 48 hours ago\.$/)
  expect(blocked(10, [claim(1, true), claim(4, true), claim(7, true)])).toBe('The budget of 3 in 30 days is used up.')
})

test('over random histories: never two in flight, never over budget, never on one window, the same evidence once', () => {
  const step = fc.record({
    drifted: fc.constantFrom(true, true, false, null),
    hours: fc.integer({ min: 1, max: 60 }),
    ends: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const windows: Window[] = []
      const claims: Claim[] = []
      let time = start
      for (const [index, { drifted, hours, ends }] of steps.entries()) {
        time += hours * 3_600_000
        const newest: Window = { id: String(index), drifted, until: new Date(time).toISOString() }
        const decision = decide({ model: 'm', now: new Date(time), window: newest, earlier: windows, claims, rules })
        windows.push(newest)
        expect(decision.reasons.length).toBeGreaterThan(0)
        expect(decision.retrain && decision.blockedBy.length > 0).toBe(false)
        if (!decision.retrain || decision.key === null) continue
        const recent = windows.slice(-3).filter((one) => one.drifted === true)
        expect(recent.length).toBeGreaterThanOrEqual(2)
        expect(claims.some((claim) => !claim.ended && Date.parse(claim.until) > time)).toBe(false)
        const since = (span: number): number => claims.filter((claim) => time - Date.parse(claim.at) < span).length
        expect(since(86_400_000)).toBeLessThan(1)
        expect(since(30 * 86_400_000)).toBeLessThan(3)
        expect(claims.map((claim) => claim.key)).not.toContain(decision.key)
        const until = new Date(time + 6 * 3_600_000).toISOString()
        claims.push({ key: decision.key, at: new Date(time).toISOString(), until, ended: ends })
      }
    }),
    { numRuns: 300 },
  )
})
