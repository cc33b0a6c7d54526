/** The stages, in the order in which a pipeline runs them. */
export const stageNames = [
  'validate-data',
  'train',
  'evaluate-gate',
  'register-model',
  'deploy',
  'drift-check',
] as const
export type StageName = (typeof stageNames)[number]

/** What a model may be called: lower-case words, with `/` and `-` between them. */
export const modelName = /^[a-z](?:[a-z0-9/-]*[a-z0-9])?$/

/** `minRows` → `min-rows`: the one way from TypeScript and JSON to YAML, inputs, outputs and flags. */
export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** `min-rows` → `minRows`: the way back. */
export function camel(key: string): string {
  return key.replace(/-([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase())
}

/** The known name nearest to a misspelt one (one edit per 3 letters at most), or `undefined`. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name, candidate)
    if (distance < least) {
      best = candidate
      least = distance
    }
  }
  return best
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment, Boytsov 2011, §2.2). */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min(substituted, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}
