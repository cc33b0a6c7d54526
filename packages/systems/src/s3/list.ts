import { ask, isGood, type Patience, refusalOf } from '../http/index.ts'
import type { Access } from './access.ts'
import { inRegion, type Place, resourceAt } from './object.ts'

/** An object in a listing. */
export interface ListedObject {
  readonly key: string
  readonly bytes: number
  /** With its quotes. */
  readonly etag: string
}

/** The objects under a prefix, sorted by key, and the access by which they were found. Those that stand for folders are left out. */
export async function listObjects(
  access: Access,
  { bucket, key: prefix }: Place,
  patience: Patience,
): Promise<{ readonly objects: readonly ListedObject[]; readonly access: Access }> {
  const objects: ListedObject[] = []
  for (let token: string | undefined = ''; token !== undefined; ) {
    const query = {
      'encoding-type': 'url',
      'list-type': '2',
      prefix,
      ...(token === '' ? {} : { 'continuation-token': token }),
    }
    const resource = { ...resourceAt(access, { bucket, key: '' }, query), name: `s3://${bucket}/${prefix}` }
    const answer = await ask(resource, 'GET', {}, patience)
    const text = await answer.body.text()
    const moved = inRegion(access, answer.header('x-amz-bucket-region'))
    if (!isGood(answer) && moved !== undefined) return listObjects(moved, { bucket, key: prefix }, patience)
    if (!isGood(answer)) throw refusalOf(resource, answer)
    for (const [, entry = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) objects.push(readEntry(entry))
    token = element(text, 'NextContinuationToken')
  }
  const real = objects.filter(({ key }) => !key.endsWith('/'))
  return { objects: real.sort((a, b) => (a.key < b.key ? -1 : 1)), access }
}

function readEntry(entry: string): ListedObject {
  const key = decodeURIComponent((element(entry, 'Key') ?? '').replaceAll('+', ' '))
  return { key, bytes: Number(element(entry, 'Size')), etag: element(entry, 'ETag') ?? '' }
}

/** The text of the first element of this name. The answer is flat, and its keys come percent-encoded. */
function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  return text?.replaceAll('&quot;', '"').replaceAll('&#34;', '"').replaceAll('&amp;', '&')
}
