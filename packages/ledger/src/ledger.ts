import { setTimeout } from 'node:timers/promises'
import { OutsideError, refuseUnset } from '@headgate/core'
import { git } from '@headgate/systems'
import type { Entry, NewEntry } from './entry.ts'
import { entryLine, newCall, parseLine, stampEntries } from './entry.ts'
import type { KeptHead, Place } from './history.ts'
import { newestHead, rememberHead, verifyHeads } from './history.ts'

export interface LedgerOptions {
  /** A folder in the clone. */
  readonly directory: string
  readonly ref: string
  /** Where the clone has no remote of this name, the ledger is a ref of the clone itself. */
  readonly remote: string
  readonly token?: git.GitToken | undefined
  readonly now: () => Date
  /** Heads that were kept outside of it, by which a clone that never saw it notices that it was rewritten. */
  readonly keptHeads: (model: string) => Promise<readonly KeptHead[]>
}

/** One model's entries, oldest first, as of a commit of the ledger (`null`: there is none yet). */
export interface LedgerView {
  readonly head: string | null
  readonly entries: readonly Entry[]
}

/** What should be appended, seen what is there. Called again whenever somebody else appended first. */
export type Decide = (entries: readonly Entry[]) => readonly NewEntry[] | Promise<readonly NewEntry[]>

/**
 * The append-only memory of why and when. Every method throws `OutsideError` when the remote cannot be reached, and
 * when its history no longer holds a head that it once had: what was seen here, or is kept elsewhere.
 */
export interface Ledger {
  read(model: string): Promise<LedgerView>
  /** Appends what `decide` returns, in one commit, if nothing came in between; else reads and decides again. */
  update(model: string, decide: Decide): Promise<LedgerView>
  append(model: string, entries: readonly NewEntry[]): Promise<LedgerView>
}

export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { directory, token, now } = options
  const [ref, name] = [refuseUnset('ledger', options.ref), refuseUnset('ledger', options.remote)]
  const isRemote = (await git.remoteUrl(directory, name)) !== undefined
  const place: Place = { directory, ref, remote: isRemote ? { directory, name, token } : undefined }
  const verified = new Set<string>()
  const headOf = async (model: string): Promise<string | null> => {
    // Asked for before the head: what is kept from here on may be newer than the head.
    const kept = verified.has(model) ? [] : await options.keptHeads(model)
    const head = await newestHead(place)
    await verifyHeads(place, head, kept)
    verified.add(model)
    return head
  }
  const work: Work = { place, headOf, now }
  const update = (model: string, decide: Decide) => appendDecided(work, model, decide)
  return {
    read: (model) => view(work, model),
    update,
    append: (model, entries) => update(model, () => entries),
  }
}

interface Work {
  readonly place: Place
  /** The newest head, verified. */
  readonly headOf: (model: string) => Promise<string | null>
  readonly now: () => Date
}

async function view({ place, headOf }: Work, model: string): Promise<LedgerView> {
  const head = await headOf(model)
  await rememberHead(place, head)
  return { head, entries: head === null ? [] : await entriesAt(place, head, model) }
}

async function entriesAt({ directory, ref }: Place, head: string, model: string): Promise<Entry[]> {
  const listed = await git.run(directory, ['ls-tree', '--full-tree', '-z', head, '--', `${model}/`])
  const files = listed.split('\0').flatMap((line) => {
    const [, object, path] = /^100644 blob ([0-9a-f]+)\t(.*)$/s.exec(line) ?? []
    return object !== undefined && path !== undefined && monthFile.test(path) ? [{ object, path }] : []
  })
  const contents = await git.readObjects(
    directory,
    files.map(({ object }) => object),
  )
  return files.flatMap(({ path }, index) => parseFile(contents[index] ?? '', `${ref}:${path}`))
}

const monthFile = /\/\d{4}-\d{2}\.ndjson$/

function parseFile(content: string, file: string): Entry[] {
  const lines = content.split('\n').map((line, index) => ({ line, where: { file, line: index + 1 } }))
  return lines.flatMap(({ line, where }) => (line === '' ? [] : (parseLine(line, where) ?? [])))
}

/** More than the writers that race in one repository: each lost attempt means that somebody else's landed. */
const attempts = 200

async function appendDecided(work: Work, model: string, decide: Decide): Promise<LedgerView> {
  const { place, now } = work
  const call = newCall()
  let tried: readonly Entry[] = []
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const started = performance.now()
    const { head, entries } = await view(work, model)
    const ids = new Set(entries.map(({ id }) => id))
    // An answer that was lost on the way back: the attempt landed, although it could not be told.
    if (tried.length > 0 && tried.every(({ id }) => ids.has(id))) return { head, entries }
    const stamped = stampEntries(await decide(entries), model, call, now())
    tried = stamped.filter(({ id }, index) => !ids.has(id) && stamped.findIndex((other) => other.id === id) === index)
    if (tried.length === 0) return { head, entries }
    const next = await commit(place, head, tried, now())
    if ((await publish(place, head, next)) === 'done') {
      await rememberHead(place, next)
      return { head: next, entries: await entriesAt(place, next, model) }
    }
    // An attempt takes as long as the machine and the network are busy: waiting in its measure spares them both.
    await setTimeout(Math.random() * (performance.now() - started) * Math.min(2 ** attempt, 16))
  }
  throw new OutsideError({
    tried: `Appended to the ledger ${place.ref} ${attempts} times.`,
    state: 'Somebody else was first each time; nothing of this run was written to it.',
    next: 'Run again when fewer jobs write to it.',
  })
}

/** One commit with the entries at the end of their months' files. Lines that are there stay as they are. */
async function commit(place: Place, head: string | null, entries: readonly Entry[], at: Date): Promise<string> {
  const { directory } = place
  const additions = new Map<string, string>()
  for (const entry of entries) {
    const path = `${entry.model}/${entry.at.slice(0, 7)}.ndjson`
    additions.set(path, `${additions.get(path) ?? ''}${entryLine(entry)}\n`)
  }
  const blobs = new Map<string, string>()
  for (const [path, lines] of additions) {
    const before = head === null ? undefined : await git.show(directory, head, path)
    blobs.set(path, await git.hashObject(directory, Buffer.concat([before ?? Buffer.alloc(0), Buffer.from(lines)])))
  }
  const tree = await git.treeWith(directory, head, blobs)
  return git.commitTree(directory, { tree, parent: head, message: messageOf(entries), at })
}

function messageOf(entries: readonly Entry[]): string {
  const kinds = [...new Set(entries.map(({ kind }) => kind))]
  return `${entries[0]?.model}: ${kinds.join(', ')}\n`
}

async function publish(place: Place, head: string | null, next: string): Promise<'done' | 'lost'> {
  const { directory, ref, remote } = place
  if (remote) return git.push(remote, [{ ref, next, old: head ?? '' }])
  return (await git.moveRef(directory, ref, next, head ?? git.noObject)) ? 'done' : 'lost'
}
