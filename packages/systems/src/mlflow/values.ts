import { z } from 'zod'

/** Protobuf's JSON writes 64-bit numbers as text, and leaves zeros out. */
export const integer = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^-?\d+$/)
      .transform(Number),
  ])
  .default(0)
/** Numbers that JSON cannot hold come as text. */
export const real = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]).default(0)
/** An empty text is left out. */
export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '')

/** An answer without anything in it. */
export const nothing = z.unknown()

/** A list of keys and values, as an object; left out when there are none. */
export const keyValues = z
  .array(z.object({ key: z.string(), value: text }))
  .nullish()
  .transform((pairs) => Object.fromEntries((pairs ?? []).map(({ key, value }) => [key, value])))

/** A list of what `item` reads; left out when there is none. */
export function list<T extends z.ZodType>(item: T) {
  return z
    .array(item)
    .nullish()
    .transform((found) => found ?? [])
}

/** An object as a list of keys and values. */
export function pairs(values: Readonly<Record<string, string>>): { key: string; value: string }[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }))
}

/**
 * A text in a search filter.
 * @throws Error for both kinds of quotes in one text, which MLflow's filters cannot hold.
 */
export function quoted(value: string): string {
  if (!value.includes("'")) return `'${value}'`
  if (!value.includes('"')) return `"${value}"`
  throw new Error(`no filter can hold ${JSON.stringify(value)}`)
}
