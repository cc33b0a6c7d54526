import type { Entry } from '@headgate/ledger'

/** What became of the versions that an environment served, by the ledger. */
export interface History {
  /** Every version that was deployed with success at some time. */
  readonly served: ReadonlySet<string>
  /** Those that nobody went back from since, the last deployed last. */
  readonly good: readonly string[]
  /** Those that somebody went back from, the last left last. */
  readonly left: readonly string[]
}

/** The last word on each version counts: one that was left and deployed again is good again. */
export function historyOf(entries: readonly Entry[], environment: string): History {
  const [served, good, left] = [new Set<string>(), new Set<string>(), new Set<string>()]
  const move = (version: string, from: Set<string>, to: Set<string>): void => {
    from.delete(version)
    to.delete(version)
    to.add(version)
  }
  for (const entry of entries) {
    if (entry.kind !== 'deployment' || entry.environment !== environment) continue
    if (entry.status !== 'succeeded') {
      if (good.has(entry.version)) move(entry.version, good, left)
      continue
    }
    if (entry.rollback && entry.previousVersion !== null) move(entry.previousVersion, good, left)
    served.add(entry.version)
    move(entry.version, left, good)
  }
  return { served, good: [...good], left: [...left] }
}
