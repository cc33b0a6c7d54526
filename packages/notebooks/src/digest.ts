import { type Digest, digestOfValue } from '@headgate/core'
import { parseNotebook } from './notebook.ts'

/** What papermill puts in by itself, and replaces at every run. */
const injected = ['injected-parameters', 'papermill-error-cell-tag']

/**
 * The digest of what a notebook does: kernel, code and tags of its code cells. Outputs, execution counts, cell ids, other
 * metadata and prose change nothing, so that running, rendering or explaining a notebook trains nothing again.
 * `undefined` for what is no notebook.
 */
export function codeDigest(content: string): Digest | undefined {
  const notebook = parseNotebook(content)
  if ('problems' in notebook) return undefined
  const cells = notebook.cells.filter(
    ({ kind, tags }) => kind === 'code' && !tags.some((tag) => injected.includes(tag)),
  )
  const parts = cells.map(({ source, tags }) => ({ source, tags: [...tags].sort() }))
  return digestOfValue({ kernel: notebook.kernel, language: notebook.language, cells: parts })
}
