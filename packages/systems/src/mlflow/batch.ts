import { type Problem, UserError } from '@headgate/core'
import { attempt, type Client, type Outcome, serverName } from './client.ts'
import { nothing, pairs } from './values.ts'

/** One point of a metric. */
export interface Point {
  readonly key: string
  readonly value: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly step: number
  /** The logged model (MLflow 3) that it was measured on. */
  readonly modelId?: string | undefined
}

export interface Batch {
  readonly metrics?: readonly Point[] | undefined
  readonly params?: Readonly<Record<string, string>> | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
}

/** MLflow's limits of one request (mlflow/utils/validation.py), and room for the rest of the request in the last. */
const limits = { metrics: 1000, params: 100, tags: 100, items: 1000, bytes: 1_000_000 - 1000 }
const longestKey = 250
const longestParam = 6000
const longestTag = 5000
const nameForm = /^[/\p{L}\p{N}_.\- :]+$/u

/**
 * Logs metrics, parameters and tags in as many requests as they need. May be repeated with the same points: MLflow
 * keeps each once (GitLab keeps a repeated point twice).
 * @throws UserError for all that the server would refuse or silently change, before anything is sent.
 */
export async function logBatch(client: Client, runId: string, batch: Batch): Promise<void> {
  const { problems } = checkBatch(client, batch)
  if (problems.length > 0) throw new UserError(problems)
  const { metrics = [], ...rest } = batch
  const isLost = ({ value }: Point): boolean => client.dialect === 'mlflow-2' && Number.isNaN(value)
  for (const part of chunksOf({ ...rest, metrics: metrics.filter((point) => !isLost(point)) })) {
    const outcome = await send(client, runId, part)
    if (!outcome.ok) throw outcome.error
  }
  for (const part of chunksOf({ metrics: metrics.filter(isLost) })) await sendNaN(client, runId, part)
}

function send(client: Client, runId: string, part: Chunk): Promise<Outcome<unknown>> {
  const body = { run_id: runId, ...part }
  return attempt(client, { method: 'POST', path: 'mlflow/runs/log-batch', body }, nothing)
}

const isThereAlready = /IntegrityError|UniqueViolation|unique constraint|duplicate/i

/** MLflow 2 refuses a request that repeats a NaN (2.22.5); then each goes alone, so that those not yet there arrive. */
async function sendNaN(client: Client, runId: string, part: Chunk): Promise<void> {
  const outcome = await send(client, runId, part)
  if (outcome.ok) return
  if (!isThereAlready.test(outcome.message)) throw outcome.error
  for (const metric of part.metrics) {
    const alone = await send(client, runId, { ...emptyChunk(), metrics: [metric] })
    if (!alone.ok && !isThereAlready.test(alone.message)) throw alone.error
  }
}

export interface Checked {
  /** What can be logged as it is. */
  readonly sound: {
    readonly metrics: readonly Point[]
    readonly params: Readonly<Record<string, string>>
    readonly tags: Readonly<Record<string, string>>
  }
  /** What cannot, and why. */
  readonly problems: readonly Problem[]
}

/**
 * Tells what a server would refuse, or take in silence and change: text for a number becomes 0, what comes after it in
 * the request is dropped, an infinite value becomes the largest double, half a step becomes 0, long text is cut.
 */
export function checkBatch(client: Pick<Client, 'dialect' | 'version'>, batch: Batch): Checked {
  const problems: Problem[] = []
  const isSound = (kind: string, key: string, reason: string | undefined): boolean => {
    if (reason !== undefined) problems.push({ what: `the ${kind} ${JSON.stringify(key)} ${reason}.` })
    return reason === undefined
  }
  const metrics = (batch.metrics ?? []).filter((point) => isSound('metric', point.key, metricProblem(client, point)))
  const entries = (kind: string, values: Readonly<Record<string, string>> = {}, longest: number) =>
    Object.fromEntries(
      Object.entries(values).filter(([key, value]) => isSound(kind, key, textProblem(key, value, longest))),
    )
  const sound = {
    metrics,
    params: entries('parameter', batch.params, longestParam),
    tags: entries('tag', batch.tags, longestTag),
  }
  return { sound, problems }
}

function metricProblem(
  client: Pick<Client, 'dialect' | 'version'>,
  { key, value, timestamp, step }: Point,
): string | undefined {
  const name = keyProblem(key)
  if (name !== undefined) return name
  if (typeof value !== 'number') return `is ${JSON.stringify(value)}, which is no number`
  if (Number.isNaN(value) && client.dialect === 'gitlab') return `is NaN, which ${serverName(client)} cannot keep`
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY)
    return `is ${value} at step ${step}, which MLflow would keep as another number`
  if (!Number.isSafeInteger(step)) return `has the step ${step}, which is no whole number`
  if (!Number.isSafeInteger(timestamp) || timestamp < 0)
    return `has the timestamp ${timestamp}, which is no whole number of milliseconds`
  return undefined
}

function textProblem(key: string, value: string, longest: number): string | undefined {
  const name = keyProblem(key)
  if (name !== undefined) return name
  // MLflow counts characters as Python does.
  const length = value.length <= longest ? 0 : [...value].length
  if (length > longest)
    return `is ${length.toLocaleString('en-US')} characters long, of which MLflow keeps ${longest.toLocaleString('en-US')}`
  return undefined
}

function keyProblem(key: string): string | undefined {
  if (key === '') return 'has no name'
  if (key.length > longestKey) return `has a name of more than ${longestKey} characters`
  if (!nameForm.test(key))
    return 'has a name with other characters than letters, digits, `_`, `-`, `.`, `:`, `/` and spaces'
  const parts = key.split('/')
  // MLflow may keep a metric as a file of that name.
  const isOdd = parts.some((part) => part === '' || part === '.' || part === '..')
  return isOdd ? 'has a name that is no relative path' : undefined
}

type Item =
  | { readonly kind: 'metrics'; readonly value: Omit<Point, 'value' | 'modelId'> & { readonly value: number | string } }
  | { readonly kind: 'params' | 'tags'; readonly value: { readonly key: string; readonly value: string } }

type Chunk = Record<'metrics' | 'params' | 'tags', Item['value'][]>

/** Cuts a batch into requests within the limits, tags and parameters first. */
export function* chunksOf(batch: Batch): Generator<Chunk> {
  let chunk = emptyChunk()
  let room = { ...limits }
  for (const item of itemsOf(batch)) {
    const bytes = Buffer.byteLength(JSON.stringify(item.value)) + 1
    if (room[item.kind] === 0 || room.items === 0 || room.bytes < bytes) {
      yield chunk
      chunk = emptyChunk()
      room = { ...limits }
    }
    chunk[item.kind].push(item.value)
    room[item.kind] -= 1
    room.items -= 1
    room.bytes -= bytes
  }
  if (room.items < limits.items) yield chunk
}

function emptyChunk(): Chunk {
  return { metrics: [], params: [], tags: [] }
}

function* itemsOf({ metrics = [], params = {}, tags = {} }: Batch): Generator<Item> {
  for (const value of pairs(tags)) yield { kind: 'tags', value }
  for (const value of pairs(params)) yield { kind: 'params', value }
  for (const point of metrics) yield { kind: 'metrics', value: metricBody(point) }
}

/** JSON has no NaN; its name as text is one that MLflow reads. */
function metricBody({ modelId, ...point }: Point) {
  const model = modelId === undefined ? {} : { model_id: modelId }
  return { ...point, value: Number.isNaN(point.value) ? 'NaN' : point.value, ...model }
}
