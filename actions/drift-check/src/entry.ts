import type { Entry, EntryOf } from '@headgate/ledger'
import type { Ports } from './ports.ts'

/** Who writes an entry, and from where. */
export function stampOf({ context: { commit, actor, run } }: Ports): Pick<Entry, 'commit' | 'actor' | 'run'> {
  return { commit: commit || null, actor, ...(run ? { run: { id: run.id, url: run.url } } : {}) }
}

export function isKind<K extends Entry['kind']>(kind: K): (entry: Entry) => entry is EntryOf<K> {
  return (entry): entry is EntryOf<K> => entry.kind === kind
}
