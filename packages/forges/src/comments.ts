import { z } from 'zod'
import type { Forge } from './port.ts'
import { Rejection } from './rejection.ts'
import type { Rest } from './rest.ts'

const commentSchema = z.object({
  id: z.int(),
  body: z.string().nullish(),
  html_url: z.string().default(''),
  user: z.object({ login: z.string() }).nullish(),
})
type RawComment = z.output<typeof commentSchema>

const collection = '/repos/{owner}/{repo}/issues/{index}/comments'
const single = '/repos/{owner}/{repo}/issues/comments/{id}'

type Written = Awaited<ReturnType<Forge['upsertComment']>>

/** The one comment that is kept: where it is, and how it is known. */
interface Spot {
  readonly rest: Rest
  readonly login: string
  readonly index: number
  readonly marker: string
}

/**
 * Keeps one comment with a marker that is our own (marker and author): written, changed, or left alone when it says
 * the same. Jobs that write the first one at once end with one: the oldest stays, and says what one of them said.
 */
export async function upsertComment(
  rest: Rest,
  login: string,
  index: number,
  marker: string,
  text: string,
): Promise<Written> {
  const spot = { rest, login, index, marker }
  const body = `${marker}\n${text}`
  const [oldest, ...later] = await ownComments(spot)
  await removeAll(rest, later)
  if (oldest === undefined) return create(spot, body)
  if (sameText(oldest.body ?? '', body)) return { action: 'unchanged', comment: named(oldest) }
  return change(spot, oldest, body)
}

/** Writes a comment, then looks whether others did too: of those that there are only the oldest stays. */
async function create(spot: Spot, body: string): Promise<Written> {
  const { rest, index } = spot
  const made = await rest.call(`POST ${collection}`, commentSchema, { index, body })
  const others = (await ownComments(spot)).filter(({ id }) => id !== made.id)
  // One that came to be seen only after its writer had looked for others is not removed by its writer.
  await removeAll(
    rest,
    others.filter(({ id }) => id > made.id),
  )
  const [first] = others
  if (first === undefined || first.id > made.id) return { action: 'created', comment: named(made) }
  await removeAll(rest, [made])
  return change(spot, first, body)
}

/** Changes a comment; one that is gone meanwhile is written anew. */
async function change(spot: Spot, comment: RawComment, body: string): Promise<Written> {
  const { rest } = spot
  const { id } = comment
  try {
    const changed = await rest.call(`PATCH ${single}`, commentSchema, { id, body })
    return { action: 'updated', comment: named(changed) }
  } catch (error) {
    const isGone = isMissing(error) && !(await ownComments(spot)).some((one) => one.id === id)
    if (isGone) return create(spot, body)
    throw error
  }
}

/** Oldest first. */
async function ownComments({ rest, login, index, marker }: Spot): Promise<RawComment[]> {
  // Gitea gives the comments of a pull request all at once.
  const isWhole = rest.location.kind === 'gitea'
  const all = await rest.list(`GET ${collection}`, z.array(commentSchema), { index }, { isWhole })
  const own = all.filter((comment) => comment.user?.login === login && (comment.body ?? '').startsWith(marker))
  return own.sort((a, b) => a.id - b.id)
}

async function removeAll(rest: Rest, comments: readonly RawComment[]): Promise<void> {
  for (const { id } of comments) {
    try {
      await rest.call(`DELETE ${single}`, z.unknown(), { id })
    } catch (error) {
      // Another job was faster.
      if (!isMissing(error)) throw error
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Rejection && error.status === 404
}

/** Forges trim and turn line ends: a comment that differs only in that says the same. */
function sameText(a: string, b: string): boolean {
  const plain = (text: string): string => text.replaceAll('\r\n', '\n').trim()
  return plain(a) === plain(b)
}

function named(comment: RawComment): { id: string; url: string } {
  return { id: String(comment.id), url: comment.html_url }
}
