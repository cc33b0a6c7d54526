import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { readJson } from '@headgate/notebooks'
import { z } from 'zod'

/** One point of a metric's course. */
interface Point {
  readonly key: string
  /** May be NaN or infinite: what becomes of it is for whoever keeps it to say. */
  readonly value: number
  readonly step: number
  /** Milliseconds since the epoch; `undefined` where the line has none. */
  readonly timestamp: number | undefined
}

/** Lines of `metrics.ndjson`, read as far as they are points. */
export interface Points {
  readonly points: readonly Point[]
  /** What is no point, by its line. */
  readonly problems: readonly string[]
}

const real = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)])
const lineSchema = z.object({
  key: z.string(),
  value: real,
  step: z.number().optional(),
  timestamp: z.number().optional(),
})

const linesAtOnce = 10_000

/**
 * Reads `metrics.ndjson`, one `{"key", "value", "step", "timestamp"}` per line, some thousand lines at a time. A line
 * without a step is the next of its key. Python's NaN and Infinity are read as what they mean.
 */
export async function* readPoints(path: string): AsyncGenerator<Points> {
  const steps = new Map<string, number>()
  let found: { points: Point[]; problems: string[] } = { points: [], problems: [] }
  let number = 0
  for await (const line of createInterface({ input: createReadStream(path) })) {
    number += 1
    if (line.trim() === '') continue
    const read = readLine(line, number)
    if (typeof read === 'string') found.problems.push(read)
    else {
      const { key, value, step = (steps.get(key) ?? -1) + 1, timestamp } = read
      steps.set(key, step)
      found.points.push({ key, value, step, timestamp })
    }
    if (number % linesAtOnce !== 0) continue
    yield found
    found = { points: [], problems: [] }
  }
  yield found
}

function readLine(line: string, number: number): z.output<typeof lineSchema> | string {
  let value: unknown
  try {
    value = readJson(line, (token) => `"${token}"`)
  } catch (error) {
    return `metrics.ndjson:${number} is not JSON: ${(error as Error).message}.`
  }
  const parsed = lineSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  return `metrics.ndjson:${number} is no point of a metric: ${issue?.path.join('.') || 'the line'}: ${issue?.message ?? ''}.`
}
