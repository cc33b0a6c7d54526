import { OutsideError } from '@headgate/core'
import { git } from '@headgate/systems'

/** Where the ledger's history is: a ref of a remote, or of the clone itself where there is no such remote. */
export interface Place {
  readonly directory: string
  readonly ref: string
  readonly remote: git.Remote | undefined
}

/**
 * The newest commit of the ledger, with its content at hand; `null` when there is no ledger yet.
 * @throws OutsideError when the remote cannot be reached, or its history no longer holds what was seen here before.
 */
export async function newestHead(place: Place): Promise<string | null> {
  const head = place.remote ? await fetchedHead(place, place.remote) : await localHead(place)
  await refuseRewritten(place, head)
  return head
}

async function localHead({ directory, ref }: Place): Promise<string | null> {
  return (await git.resolveRevision(directory, ref)) ?? null
}

/** Asks until what was listed is what was fetched: the ref may move in between. */
async function fetchedHead(place: Place, remote: git.Remote): Promise<string | null> {
  for (let tried = 0; tried < 20; tried += 1) {
    const [found] = (await git.listRemote(remote, [place.ref])).filter(({ ref }) => ref === place.ref)
    if (found === undefined) return null
    if (await git.hasObject(place.directory, found.object)) return found.object
    await git.fetchRefs(remote, [place.ref], await depthOf(place))
  }
  throw new OutsideError({
    tried: `Fetched ${place.ref} from ${remote.name} 20 times.`,
    state: 'It moved each time before it could be read; nothing was written.',
    next: 'Run again when fewer jobs write to it.',
  })
}

/**
 * One commit is enough to read and to append; but a clone that has seen the ledger before fetches what came since, to
 * see that it came after.
 */
async function depthOf(place: Place): Promise<number | undefined> {
  return (await git.resolveRevision(place.directory, seenRef(place))) === undefined ? 1 : undefined
}

/** The ref of the clone that remembers which head was read last. */
function seenRef({ ref, remote }: Place): string {
  return `refs/headgate/seen/${remote?.name ?? 'local'}/${ref.replace(/^refs\//, '')}`
}

async function refuseRewritten(place: Place, head: string | null): Promise<void> {
  const seen = await git.resolveRevision(place.directory, seenRef(place))
  if (seen === undefined || seen === head) return
  if (head === null || !(await git.areAncestors(place.directory, [seen], head))) throw rewritten(place, seen, head)
}

/** Remembers a head that was read or written. A parallel run that remembers another is as good. */
export async function rememberHead(place: Place, head: string | null): Promise<void> {
  if (head === null) return
  const old = (await git.resolveRevision(place.directory, seenRef(place))) ?? git.noObject
  if (old === head || (old !== git.noObject && !(await git.areAncestors(place.directory, [old], head)))) return
  await git.moveRef(place.directory, seenRef(place), head, old)
}

/** A head that the ledger once had, and what remembers it, such as a promotion's tag. */
export interface KeptHead {
  readonly head: string
  readonly keptIn: string
}

/**
 * Holds the ledger against heads that it once had, fetching all of its history where some of them are not at hand.
 * @throws OutsideError naming those that its history does not hold.
 */
export async function verifyHeads(place: Place, head: string | null, kept: readonly KeptHead[]): Promise<void> {
  const missing = await notBehind(place, head, kept)
  if (missing.length === 0) return
  if (head !== null && place.remote) await git.fetchRefs(place.remote, [place.ref], wholeDepth)
  const [lost, ...others] = await notBehind(place, head, missing)
  const names = [lost, ...others].flatMap((one) => one?.keptIn ?? [])
  if (lost) throw rewritten(place, lost.head, head, names)
}

/** Those that the head does not come after, as far as history is here. */
async function notBehind({ directory }: Place, head: string | null, kept: readonly KeptHead[]): Promise<KeptHead[]> {
  if (head === null) return [...kept]
  const heads = kept.map((one) => one.head)
  // One question where all is well, however many promotions there were.
  if (await git.areAncestors(directory, heads, head)) return []
  const missing: KeptHead[] = []
  for (const one of kept) if (!(await git.areAncestors(directory, [one.head], head))) missing.push(one)
  return missing
}

/**
 * All of the ledger's history, where a shallow clone lacks it. Other refs stay as shallow as they are, which Git's
 * own word for "all" (2³¹ − 1) would not leave them.
 */
const wholeDepth = 10_000_000

function rewritten(place: Place, seen: string, head: string | null, keptIn: readonly string[] = []): OutsideError {
  const { ref, remote } = place
  const witness = keptIn[0] === undefined ? '' : ` (${keptIn[0]} says so)`
  const memory = keptIn.length === 0 ? 'the refs under refs/headgate/seen/' : `what remembers it: ${keptIn.join(', ')}`
  const restore = `git push ${remote?.name ?? '.'} +${seen}:${ref}`
  return new OutsideError({
    tried: `Read the ledger ${ref}${remote ? ` of ${remote.name}` : ''}.`,
    state: `Its history was rewritten: ${seen} was its head once${witness}, and ${head ?? 'no ledger'} does not come after it.`,
    next: `Find out who moved the ref. To restore it, in a clone that has it: \`${restore}\`; to accept it as it is, delete ${memory}.`,
  })
}
