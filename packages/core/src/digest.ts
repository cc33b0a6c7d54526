import { createHash } from 'node:crypto'
import { z } from 'zod'

/** `<kind>:<value>`; a `watermark:` names a state of a source that cannot be hashed. */
export const digestSchema = z
  .string()
  .regex(/^(sha256:[0-9a-f]{64}|dvc-md5:[0-9a-f]{32}(\.dir)?|s3-version:.+|watermark:.+|etag:.+)$/, 'not a digest')
  .meta({ description: 'A digest with its kind: `sha256:`, `dvc-md5:`, `s3-version:`, `etag:` or `watermark:`.' })
export type Digest = string

/** The SHA-256 of bytes or text, as `sha256:<64 hex digits>`. */
export function digestOf(content: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

/** The digest of a JSON value, whatever the order of its keys. */
export function digestOfValue(value: unknown): Digest {
  return digestOf(canonicalJson(value))
}

/**
 * The digest of a folder: SHA-256 over one line `<file digest>  <path>\n` per file, sorted by path.
 * Equal for equal content wherever it lies, and computable from a listing alone.
 */
export function digestOfTree(files: Iterable<{ readonly path: string; readonly digest: Digest }>): Digest {
  const lines = [...files].map((file) => `${file.digest}  ${file.path}\n`).sort()
  return digestOf(lines.join(''))
}

/** JSON with sorted keys and no white space. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
