import { z } from 'zod'

const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const bytes: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

/** A setting such as `30m` or `1.5h`, in milliseconds. Its default is given with `prefault`, as text. */
export const durationSchema = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'expected a number with ms, s, m, h or d, such as `30m`')
  .transform((text) => read(text, milliseconds))

/** A setting such as `512MB` or `2GiB`, in bytes. */
export const byteSizeSchema = z
  .string()
  .regex(/^\d+(\.\d+)?([KMGT]i?B|B)$/, 'expected a number with B, KB, MB, GB, TB, KiB, MiB, GiB or TiB, such as `2GB`')
  .transform((text) => Math.round(read(text, bytes)))

function read(text: string, units: Readonly<Record<string, number>>): number {
  const number = Number.parseFloat(text)
  const unit = text.replace(/^[\d.]+/, '')
  return number * (units[unit] ?? Number.NaN)
}
