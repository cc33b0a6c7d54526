import { expect, test } from 'vitest'
import { takeUp } from './follow.ts'

const at = (second: number, nanoseconds: string): string => `2026-01-02T03:04:0${second}.${nanoseconds}Z`
const place = { pod: 'a', seen: 12, latest: at(6, '000000500'), ofLatest: 2 }

function passedOver(
  before: Parameters<typeof takeUp>[0],
  pod: string,
  seen: number,
  times: readonly string[],
): boolean[] {
  const { isKnown } = takeUp(before, pod, seen)
  return times.map(isKnown)
}

test('the rest of a long line, with which a reading from a second on may begin, is no line of its own', () => {
  const times = [at(6, '000000100'), at(6, '000000500'), at(6, '000000500'), at(6, '000000500'), at(6, '000000501')]
  expect(passedOver(place, 'a', 12, times)).toEqual([true, true, true, false, false])
})

test('of a pod that took the place of another no line is known, however many were seen', () => {
  expect(passedOver(place, 'b', 12, [at(7, '0'), at(7, '1')])).toEqual([false, false])
})

test('who comes from elsewhere passes over as many lines as were seen', () => {
  expect(passedOver(undefined, 'a', 2, [at(1, '0'), at(1, '1'), at(1, '2')])).toEqual([true, true, false])
  expect(passedOver(place, 'a', 1, [at(1, '0'), at(1, '1')])).toEqual([true, false])
})
