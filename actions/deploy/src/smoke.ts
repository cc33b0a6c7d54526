import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UserError } from '@headgate/core'
import { z } from 'zod'

const exampleSchema = z.strictObject({
  name: z.string().optional(),
  request: z.strictObject({
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']).default('GET'),
    path: z.string().startsWith('/'),
    headers: z.record(z.string(), z.string()).default({}),
    /** Text is sent as it is, anything else as JSON. */
    body: z.json().optional(),
  }),
  expect: z.strictObject({
    status: z.int().min(100).max(599).default(200),
    /** Must be in the answer: objects may hold more keys, lists have as many items, all else is equal. */
    json: z.json().optional(),
    /** Must be there, as dotted paths such as `predictions.0.score`. */
    keys: z.array(z.string()).optional(),
  }),
})
export const smokeSchema = z.array(exampleSchema)
export type Example = z.output<typeof exampleSchema>

const answerTimeoutMs = 30_000
const shownAnswer = 300

/**
 * The example requests, from `headgate.yml` or from a JSON file.
 * @throws UserError when the file is missing, or does not match.
 */
export async function readSmoke(workspace: string, given: string | readonly Example[]): Promise<readonly Example[]> {
  if (typeof given !== 'string') return given
  const where = { file: given }
  const text = await readFile(resolve(workspace, given), 'utf8').catch(() => undefined)
  if (text === undefined) throw new UserError({ what: '`smoke` names a file that is not there.', where })
  const parsed = smokeSchema.safeParse(parse(text, given))
  if (parsed.success) return parsed.data
  throw new UserError(
    parsed.error.issues.map(({ path, message }) => ({ what: `${path.join('.')}: ${message}.`, where })),
  )
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UserError({ what: `is not JSON: ${(error as Error).message}.`, where: { file } })
  }
}

/** Sends a request to the version that is tried. */
export type Send = (path: string, init: RequestInit) => Promise<Response>

/** Sends one example. Returns what is wrong with the answer, or `undefined`. */
export async function tryExample(send: Send, example: Example): Promise<string | undefined> {
  const { request, expect } = example
  const label = example.name ?? `${request.method} ${request.path}`
  try {
    const response = await sendExample(send, request)
    const text = await response.text()
    const problem = judge(response.status, text, expect)
    return problem && `${label}: ${problem}; answered ${text.slice(0, shownAnswer) || 'nothing'}`
  } catch (error) {
    return `${label}: no answer (${(error as Error).message})`
  }
}

function sendExample(send: Send, { method, path, headers, body }: Example['request']): Promise<Response> {
  const isText = typeof body === 'string'
  const sent = body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }
  const type = body === undefined || isText ? {} : { 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(answerTimeoutMs)
  return send(path, { method, headers: { ...type, ...headers }, redirect: 'manual', signal, ...sent })
}

function judge(status: number, text: string, expect: Example['expect']): string | undefined {
  if (status !== expect.status) return `expected status ${expect.status}, got ${status}`
  if (expect.json === undefined && expect.keys === undefined) return undefined
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    return 'expected JSON'
  }
  const missing = (expect.keys ?? []).filter((path) => valueAt(answer, path) === undefined)
  if (missing.length > 0) return `expected ${missing.join(', ')}`
  return expect.json === undefined ? undefined : difference(expect.json, answer, '$')
}

function valueAt(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((part, key) => {
    const isOwn = typeof part === 'object' && part !== null && Object.hasOwn(part, key)
    return isOwn ? (part as Record<string, unknown>)[key] : undefined
  }, value)
}

function difference(expected: unknown, found: unknown, path: string): string | undefined {
  if (typeof expected !== 'object' || expected === null)
    return Object.is(expected, found) ? undefined : `expected ${JSON.stringify(expected)} at ${path}`
  if (Array.isArray(expected) && (!Array.isArray(found) || found.length !== expected.length))
    return `expected a list of ${expected.length} at ${path}`
  if (typeof found !== 'object' || found === null) return `expected an object at ${path}`
  for (const [key, part] of Object.entries(expected)) {
    const problem = difference(part, (found as Record<string, unknown>)[key], `${path}.${key}`)
    if (problem) return problem
  }
  return undefined
}
