import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The MD5 that DVC gives a file or folder; a folder's ends in `.dir`. `undefined` when there is nothing. What
 * `.dvcignore` leaves out of a folder is not left out here.
 */
export async function md5Of(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile()) return md5OfFile(path)
  return found?.isDirectory() ? `${await md5OfFolder(path)}.dir` : undefined
}

async function md5OfFile(path: string): Promise<string> {
  const hash = createHash('md5')
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer)
  return hash.digest('hex')
}

/** Of the list of its files as Python writes it in JSON, sorted by path. */
async function md5OfFolder(folder: string): Promise<string> {
  const paths = await filesIn(folder, '')
  const entries: string[] = []
  for (const path of paths.sort(byCodePoint))
    entries.push(`{"md5": "${await md5OfFile(join(folder, path))}", "relpath": ${pythonText(path)}}`)
  return createHash('md5')
    .update(`[${entries.join(', ')}]`)
    .digest('hex')
}

/** Links are followed, as DVC may link files from its cache. */
async function filesIn(folder: string, under: string): Promise<string[]> {
  const found: string[] = []
  for (const name of await readdir(join(folder, under))) {
    const path = under === '' ? name : `${under}/${name}`
    const info = await stat(join(folder, path)).catch(() => undefined)
    if (info?.isDirectory()) found.push(...(await filesIn(folder, path)))
    else if (info?.isFile()) found.push(path)
  }
  return found
}

/** As Python compares texts; the bytes of UTF-8 have the same order. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function pythonText(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
