import { type Answer, ask, type Patience, type Resource, refusalOf } from './answer.ts'

/** What a server says of a resource before it is read. */
export interface Facts {
  readonly bytes: number | undefined
  /** As it came, quotes and all; `undefined` where the server tells none. */
  readonly etag: string | undefined
  readonly header: (name: string) => string | undefined
}

/** Answers to HEAD of servers that only know GET; 403 is what an address that was signed for GET gives. */
const onlyGet = new Set([400, 403, 405, 501])

/**
 * Asks what there is, by HEAD, or by a GET of its first byte where the server knows no HEAD.
 * @throws UserError and OutsideError as `refusalOf`.
 */
export async function look(resource: Resource, patience: Patience): Promise<Facts> {
  const head = await ask(resource, 'HEAD', {}, patience)
  await head.body.dump().catch(() => undefined)
  if (isGood(head)) return factsOf(head)
  if (!onlyGet.has(head.status)) throw refusalOf(resource, head)
  const first = await ask(resource, 'GET', { range: 'bytes=0-0' }, patience)
  // A server without ranges would send all of it.
  first.body.on('error', () => undefined).destroy()
  if (isGood(first)) return factsOf(first)
  throw refusalOf(resource, first)
}

export function isGood({ status }: Pick<Answer, 'status'>): boolean {
  return status === 200 || status === 206
}

/** The length is the whole's, also in the answer to a request for a part. */
export function factsOf({ status, header }: Answer): Facts {
  const length = status === 206 ? header('content-range')?.split('/')[1] : header('content-length')
  const bytes = length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined
  return { bytes, etag: header('etag'), header }
}
