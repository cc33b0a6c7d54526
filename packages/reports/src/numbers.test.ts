import { expect, test } from 'vitest'
import { bytes, counted, duration, interval, number, percent, pValue, signed } from './numbers.ts'

test.each([
  [number(12_345_678), '12,345,678'],
  [number(0.81234567), '0.8123'],
  [number(-0.5), '−0.5'],
  [number(1234.56), '1,235'],
  [number(0.000_000_32), '3.2e−7'],
  [number(0), '0'],
  [number(0.8, 3), '0.800'],
  [number(-0.0001, 2), '0.00'],
  [number(null), '–'],
  [number(Number.NaN), '–'],
  [signed(0.0123, 4), '+0.0123'],
  [signed(-0.0123, 4), '−0.0123'],
  [signed(0.00001, 3), '–'],
  [percent(0.1234), '12.3%'],
  [percent(undefined), '–'],
  [interval(0.81, 0.85), '0.81–0.85'],
  [interval(-0.02, 0.01), '−0.02 to 0.01'],
  [interval(null, 0.5), 'up to 0.5'],
  [interval(0.5, null), 'from 0.5'],
  [interval(null, null), '–'],
  [pValue(0.0004), '<0.001'],
  [pValue(0.0321), '0.032'],
  [bytes(812), '812 B'],
  [bytes(999_990), '1.0 MB'],
  [bytes(34_500_000), '34.5 MB'],
  [duration(340), '340 ms'],
  [duration(1234), '1.2 s'],
  [duration(59_990), '1 min'],
  [duration(125_000), '2 min 5 s'],
  [duration(11_040_000), '3 h 4 min'],
  [duration(176_400_000), '2 d 1 h'],
])('writes %s as %s', (written, expected) => {
  expect(written).toBe(expected)
})

test.each([
  [0, '0 files'],
  [1, '1 file'],
  [3000, '3,000 files'],
])('%d of a thing are told by their number', (count, text) => {
  expect(counted(count, 'file')).toBe(text)
})
