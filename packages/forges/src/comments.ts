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

/**
 * Keeps one comment with a marker that is our own (marker and author): written, changed, or left alone when it says
 * the same. Two jobs that both write the first one end with one: whoever sees an older one removes its own.
 */
export async function upsertComment(
  rest: Rest,
  login: string,
  index: number,
  marker: string,
  text: string,
): ReturnType<Forge['upsertComment']> {
  const body = `${marker}\n${text}`
  const [oldest, ...later] = await ownComments(rest, login, index, marker)
  for (const extra of later) await remove(rest, extra)
  if (oldest === undefined) {
    const made = await rest.call(`POST ${collection}`, commentSchema, { index, body })
    const [first] = await ownComments(rest, login, index, marker)
    if (first === undefined || first.id >= made.id) return { action: 'created', comment: named(made) }
    await remove(rest, made)
    return { action: 'updated', comment: named(await change(rest, first, body)) }
  }
  if (sameText(oldest.body ?? '', body)) return { action: 'unchanged', comment: named(oldest) }
  return { action: 'updated', comment: named(await change(rest, oldest, body)) }
}

async function ownComments(rest: Rest, login: string, index: number, marker: string): Promise<RawComment[]> {
  // Gitea gives the comments of a pull request all at once.
  const isWhole = rest.location.kind === 'gitea'
  const all = await rest.list(`GET ${collection}`, z.array(commentSchema), { index }, { isWhole })
  const own = all.filter((comment) => comment.user?.login === login && (comment.body ?? '').startsWith(marker))
  return own.sort((a, b) => a.id - b.id)
}

function change(rest: Rest, comment: RawComment, body: string): Promise<RawComment> {
  return rest.call('PATCH /repos/{owner}/{repo}/issues/comments/{id}', commentSchema, { id: comment.id, body })
}

async function remove(rest: Rest, comment: RawComment): Promise<void> {
  try {
    await rest.call('DELETE /repos/{owner}/{repo}/issues/comments/{id}', z.unknown(), { id: comment.id })
  } catch (error) {
    // Another job was faster.
    if (!(error instanceof Rejection) || error.status !== 404) throw error
  }
}

/** Forges trim and turn line ends: a comment that differs only in that says the same. */
function sameText(a: string, b: string): boolean {
  const plain = (text: string): string => text.replaceAll('\r\n', '\n').trim()
  return plain(a) === plain(b)
}

function named(comment: RawComment): { id: string; url: string } {
  return { id: String(comment.id), url: comment.html_url }
}
