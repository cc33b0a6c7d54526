// How numbers are written in every report: a true minus sign, commas between thousands, an en dash for what is
// absent or unchanged.

/** What stands where there is no value, or no change. */
export const absent = '–'
const minus = '−'
const significant = 4

type Value = number | null | undefined

/** `12,345`, `0.8123`, `3.2e−7`; `digits` fixes the decimals. Without it: integers in full, else 4 significant. */
export function number(value: Value, digits?: number): string {
  if (!isPresent(value)) return absent
  return withMinus(digits === undefined ? magnitude(Math.abs(value)) : fixed(Math.abs(value), digits), value)
}

/** The number with its sign; `–` when it is absent or rounds to zero. */
export function signed(value: Value, digits?: number): string {
  const text = number(value, digits)
  if (!isPresent(value) || !/[1-9]/.test(text)) return absent
  return value > 0 ? `+${text}` : text
}

/** A share between 0 and 1 as `12.3%`. */
export function percent(share: Value, digits = 1): string {
  return isPresent(share) ? `${number(share * 100, digits)}%` : absent
}

/** Two shares as `1.2% → 3.4%`, or the one where they are equal. */
export function percentChange(before: Value, after: Value): string {
  return before === after ? percent(after) : `${percent(before)} → ${percent(after)}`
}

/** `0.81–0.85`, `−0.02 to 0.01` where a sign would meet the dash; an open end is said in words. */
export function interval(low: Value, high: Value, digits?: number): string {
  if (!isPresent(low)) return isPresent(high) ? `up to ${number(high, digits)}` : absent
  if (!isPresent(high)) return `from ${number(low, digits)}`
  const [from, to] = [number(low, digits), number(high, digits)]
  return from.startsWith(minus) || to.startsWith(minus) ? `${from} to ${to}` : `${from}–${to}`
}

/** `0.032`, `<0.001`. */
export function pValue(value: Value): string {
  if (!isPresent(value)) return absent
  return value < 0.001 ? '<0.001' : value.toFixed(3)
}

/** Decimal units: `812 B`, `1.2 kB`, `34.5 MB`. */
export function bytes(count: Value): string {
  if (!isPresent(count)) return absent
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let scaled = Math.abs(count)
  let unit = 0
  while (scaled >= 999.95 && unit < units.length - 1) {
    scaled /= 1000
    unit += 1
  }
  return withMinus(`${unit === 0 ? fixed(scaled, 0) : fixed(scaled, 1)} ${units[unit]}`, count)
}

/** A value as people read it: three decimals, more where the first digit comes later. */
export function shown(value: number | null): string {
  if (value === null) return 'unknown'
  const size = Math.abs(value)
  if (Number.isInteger(value) || size >= 1000) return number(value)
  return size < 0.001 ? number(Number(value.toPrecision(2))) : number(value, size < 10 ? 3 : 1)
}

/** `1 file`, `3,000 files`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
}

/** Binary units, as memory is counted: `1,234.5 MiB`. */
export function mebibytes(count: number): string {
  return `${(count / 2 ** 20).toLocaleString('en-US', { maximumFractionDigits: 1 })} MiB`
}

/** From milliseconds: `340 ms`, `1.2 s`, `2 min 5 s`, `3 h 4 min`, `2 d 1 h`. */
export function duration(milliseconds: Value): string {
  if (!isPresent(milliseconds)) return absent
  const length = Math.abs(milliseconds)
  if (length < 999.5) return withMinus(`${fixed(length, 0)} ms`, milliseconds)
  if (length < 59_950) return withMinus(`${fixed(length / 1000, 1)} s`, milliseconds)
  return withMinus(inTwoUnits(Math.round(length / 1000)), milliseconds)
}

function inTwoUnits(seconds: number): string {
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(minutes / 60)
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const first = `${number(large)} ${largeUnit}`
  return small === 0 ? first : `${first} ${small} ${smallUnit}`
}

function isPresent(value: Value): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function magnitude(value: number): string {
  if (Number.isInteger(value) && value < 1e15) return fixed(value, 0)
  if (value >= 1e15 || value < 1e-4) return scientific(value)
  if (value >= 1000) return fixed(value, 0)
  return String(Number(value.toPrecision(significant)))
}

function scientific(value: number): string {
  const [digits, exponent] = value.toExponential(1).split('e')
  return `${digits}e${(exponent ?? '').replace('+', '').replace('-', minus)}`
}

function fixed(value: number, digits: number): string {
  const [whole, decimals] = value.toFixed(digits).split('.')
  const grouped = (whole ?? '').replace(/\B(?=(\d{3})+$)/g, ',')
  return decimals === undefined ? grouped : `${grouped}.${decimals}`
}

/** No minus before what rounded to zero. */
function withMinus(text: string, value: number): string {
  return value < 0 && /[1-9]/.test(text) ? `${minus}${text}` : text
}
