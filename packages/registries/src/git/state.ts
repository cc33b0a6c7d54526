import type { Model } from '@headgate/core'
import { OutsideError } from '@headgate/core'
import { git } from '@headgate/systems'
import type { Assignment } from '../port.ts'
import { readAssignment, readRecord } from './message.ts'
import type { TagName } from './names.ts'
import { parseTagName } from './names.ts'

/** Where the tags are: a remote, or the clone itself where it has none of that name. */
export interface Place {
  readonly directory: string
  readonly remote: git.Remote | undefined
}

interface KnownTag {
  readonly name: string
  readonly says: TagName
  readonly tag: git.Tag
}

/** All that the tags of one model say. */
export interface State {
  readonly name: string
  /** Every version that was ever registered, readable or not. */
  readonly taken: readonly string[]
  readonly tags: readonly KnownTag[]
  readonly assignments: readonly Assignment[]
  /** The highest counter of the model's stage tags. */
  readonly counter: number
  /** When the newest of these tags was made: the next is made later, because GTO orders by time. */
  readonly newest: Date
}

/** Reads a model's tags as they are on the remote now, fetching what is missing here. */
export async function readState(place: Place, name: string): Promise<State> {
  const refs = await listTags(place, name)
  const contents = await git.readObjects(
    place.directory,
    refs.map(({ object }) => object),
  )
  const tags = refs.flatMap(({ ref }, index) => knownTag(name, ref.slice('refs/tags/'.length), contents[index] ?? ''))
  tags.sort((a, b) => a.tag.at.getTime() - b.tag.at.getTime() || counterOf(a) - counterOf(b))
  const versions = tags.flatMap(({ says }) => (says.kind === 'version' ? [says.version] : []))
  return {
    name,
    tags,
    taken: [...new Set(versions)],
    assignments: assignmentsOf(tags),
    counter: Math.max(0, ...tags.map(counterOf)),
    newest: tags.at(-1)?.tag.at ?? new Date(0),
  }
}

function counterOf({ says }: KnownTag): number {
  return says.kind === 'stage' ? says.counter : 0
}

/** Lightweight tags, and refs whose tag object bears another name, say nothing. */
function knownTag(model: string, name: string, content: string): KnownTag[] {
  const tag = git.parseTag(content)
  const says = parseTagName(model, name)
  return tag && says && tag.name === name ? [{ name, says, tag }] : []
}

async function listTags({ directory, remote }: Place, name: string): Promise<git.RemoteRef[]> {
  const patterns = [`refs/tags/${name}@*`, `refs/tags/${name}#*`]
  const local = await localTags(directory, patterns)
  if (remote === undefined) return local
  const listed = await git.listRemote(remote, patterns)
  const here = new Map(local.map(({ ref, object }) => [ref, object]))
  const moved = listed.find(({ ref, object }) => here.has(ref) && here.get(ref) !== object)
  if (moved) throw movedTag(remote, moved)
  await fetchTags(
    remote,
    listed.filter(({ ref }) => !here.has(ref)),
  )
  return listed.filter(({ peeled }) => peeled !== undefined)
}

async function localTags(directory: string, patterns: readonly string[]): Promise<git.RemoteRef[]> {
  const format = '--format=%(refname)%09%(objecttype)%09%(objectname)%09%(*objectname)'
  const lines = (await git.run(directory, ['for-each-ref', format, ...patterns])).split('\n')
  return lines.flatMap((line) => {
    const [ref = '', type, object = '', peeled] = line.split('\t')
    return type === 'tag' ? [{ ref, object, peeled }] : []
  })
}

/** A shallow clone gets the commits that it lacks without their history; no other is cut off. */
async function fetchTags(remote: git.Remote, tags: readonly git.RemoteRef[]): Promise<void> {
  const isShallow = await git.isShallow(remote.directory)
  const absent: string[] = []
  const present: string[] = []
  for (const { ref, object, peeled } of tags) {
    const isHere = !isShallow || (await git.hasObject(remote.directory, peeled ?? object))
    ;(isHere ? present : absent).push(`${ref}:${ref}`)
  }
  await git.fetchRefs(remote, present)
  await git.fetchRefs(remote, absent, 1)
}

function movedTag(remote: git.Remote, { ref, object }: git.RemoteRef): OutsideError {
  return new OutsideError({
    tried: `Compared the tags of this clone with those of ${remote.name}.`,
    state: `${ref} is another tag there (${object}) than here. A registered version must never change.`,
    next: `Find out who moved it. To accept the remote's: \`git update-ref -d '${ref}'\`, then run again.`,
  })
}

function assignmentsOf(tags: readonly KnownTag[]): Assignment[] {
  return tags.flatMap(({ name, says, tag }) => {
    if (says.kind !== 'stage') return []
    const note = readAssignment(tag.message)
    const version = note?.version ?? versionAt(tags, tag.target)
    if (version === undefined) return []
    const { at, tagger: actor } = tag
    const kept = { previous: note?.previous ?? null, reason: note?.reason ?? null, ledgerHead: note?.ledger ?? null }
    return [{ alias: says.stage, version, isAssigned: !says.isCancel, at, actor, ...kept, reference: name }]
  })
}

/** The version at a commit: how GTO finds whom a stage was given to. */
function versionAt(tags: readonly KnownTag[], target: string): string | undefined {
  const found = tags.findLast(({ says, tag }) => says.kind === 'version' && tag.target === target)
  return found?.says.kind === 'version' ? found.says.version : undefined
}

/** The tag of a version, unless it was deregistered since. */
export function registrationOf(state: State, version: string): KnownTag | undefined {
  const last = state.tags.findLast(({ says }) => says.kind === 'version' && says.version === version)
  return last?.says.kind === 'version' && !last.says.isCancel ? last : undefined
}

/** The record of a version, with the aliases that it carries now. */
export function recordOf(state: State, version: string): Model | undefined {
  const found = registrationOf(state, version)
  if (found === undefined) return undefined
  const model = readRecord(found.name, found.tag.message, state.name, version)
  const aliases = [...new Set(state.assignments.map(({ alias }) => alias))]
  return { ...model, aliases: aliases.filter((alias) => holderOf(state, alias) === version).sort() }
}

/** Who carries an alias: of the versions that it was given to and not taken from, the latest. */
export function holderOf(state: State, alias: string): string | undefined {
  const latest = new Map<string, Assignment>()
  for (const assignment of state.assignments) {
    if (assignment.alias !== alias) continue
    latest.delete(assignment.version)
    if (assignment.isAssigned) latest.set(assignment.version, assignment)
  }
  return [...latest.keys()].findLast((version) => registrationOf(state, version) !== undefined)
}
