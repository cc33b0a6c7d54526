import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '@headgate/core'
import { attempt, type GitOptions, gitError, run, runBytes } from './run.ts'

/** The name that Git gives to "no object": what a ref must hold to be created, and not moved. */
export const noObject = '0'.repeat(40)

export interface Identity {
  readonly name: string
  readonly email: string
}

/** Who signs tags and commits: as Git is configured, else a name of our own. */
export async function identity(directory: string): Promise<Identity> {
  const [name, email] = [await setting(directory, 'user.name'), await setting(directory, 'user.email')]
  return {
    name: process.env.GIT_COMMITTER_NAME || name || 'Headgate',
    email: process.env.GIT_COMMITTER_EMAIL || email || 'headgate@localhost',
  }
}

async function setting(directory: string, key: string): Promise<string | undefined> {
  const result = await attempt(directory, ['config', '--get', key])
  return result.code === 0 ? result.stdout.toString('utf8').trim() : undefined
}

/** Stores content, and returns its object name. */
export function hashObject(directory: string, content: string | Uint8Array): Promise<string> {
  return run(directory, ['hash-object', '-w', '--stdin'], { input: content })
}

/** The commit or tag that a revision names, or `undefined` when there is none here. */
export async function resolveRevision(directory: string, revision: string): Promise<string | undefined> {
  const result = await attempt(directory, ['rev-parse', '--verify', '--quiet', '--end-of-options', revision])
  if (result.code === 0) return result.stdout.toString('utf8').trim()
  if (result.stderr.trim() === '') return undefined
  throw gitError(directory, ['rev-parse', revision], result)
}

/** Whether the object itself is here, and not only its name. */
export async function hasObject(directory: string, object: string): Promise<boolean> {
  return (await attempt(directory, ['cat-file', '-e', object])).code === 0
}

/** The content of a file at a revision, or `undefined` when that revision has no such file. */
export async function show(directory: string, revision: string, path: string): Promise<Buffer | undefined> {
  const object = await resolveRevision(directory, `${revision}:${path}`)
  return object === undefined ? undefined : runBytes(directory, ['cat-file', 'blob', object])
}

/**
 * The content of a file at a commit, by its path from the root of the tree; a link counts as the file it leads to.
 * `undefined` when the commit has no such file.
 * @throws UserError when a link leads out of the tree, or to nothing.
 */
export async function fileAt(
  directory: string,
  commit: string,
  path: string,
  options: Pick<GitOptions, 'token'> = {},
): Promise<Buffer | undefined> {
  if (/\n|^\.\.?(\/|$)/.test(path)) return undefined
  const input = `${commit}:${path}\n`
  const output = await runBytes(directory, ['cat-file', '--batch', '--follow-symlinks'], { ...options, input })
  const end = output.indexOf(10)
  const header = output.toString('utf8', 0, end)
  const bytes = /^[0-9a-f]+ blob (\d+)$/.exec(header)?.[1]
  if (bytes !== undefined) return output.subarray(end + 1, end + 1 + Number(bytes))
  if (!/^(symlink|dangling|loop) \d+$/.test(header)) return undefined
  const where = { file: `${commit.slice(0, 9)}:${path}` }
  throw new UserError({ what: 'is a link that leads out of the repository, or to nothing.', where })
}

/** The contents of many objects in one command, in their order. */
export async function readObjects(directory: string, objects: readonly string[]): Promise<string[]> {
  if (objects.length === 0) return []
  const output = await runBytes(directory, ['cat-file', '--batch'], { input: `${objects.join('\n')}\n` })
  const contents: string[] = []
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf(10, at)
    const bytes = Number(output.toString('utf8', at, end).split(' ')[2])
    if (!Number.isInteger(bytes)) throw new Error(`git cat-file: ${output.toString('utf8', at, end)}`)
    contents.push(output.toString('utf8', end + 1, end + 1 + bytes))
    at = end + 1 + bytes + 1
  }
  return contents
}

/** The tree of `base` with one file put in, made beside the user's index. */
export async function treeWith(
  directory: string,
  base: string | null,
  files: ReadonlyMap<string, string>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-index-'))
  const env = { GIT_INDEX_FILE: join(folder, 'index') }
  try {
    if (base !== null) await run(directory, ['read-tree', base], { env })
    const input = [...files].map(([path, blob]) => `100644 ${blob}\t${path}\0`).join('')
    await run(directory, ['update-index', '--add', '-z', '--index-info'], { env, input })
    return await run(directory, ['write-tree', '--missing-ok'], { env })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export interface NewCommit {
  readonly tree: string
  readonly parent: string | null
  readonly message: string
  readonly at: Date
}

/** Makes a commit that no ref holds yet. */
export async function commitTree(directory: string, commit: NewCommit): Promise<string> {
  const { name, email } = await identity(directory)
  const date = gitDate(commit.at)
  const env = {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: date,
  }
  const parents = commit.parent === null ? [] : ['-p', commit.parent]
  return run(directory, ['commit-tree', commit.tree, ...parents], { env, input: commit.message })
}

export interface NewTag {
  readonly name: string
  /** The commit that it names. */
  readonly target: string
  readonly message: string
  readonly at: Date
}

/** Makes an annotated tag that no ref holds yet, so that a push can be refused without leaving it behind. */
export async function makeTag(directory: string, tag: NewTag): Promise<string> {
  const { name, email } = await identity(directory)
  const tagger = `tagger ${name.replace(/[<>\n]/g, '')} <${email.replace(/[<>\n]/g, '')}> ${gitDate(tag.at)}`
  const lines = [`object ${tag.target}`, 'type commit', `tag ${tag.name}`, tagger, '', `${tag.message.trimEnd()}\n`]
  return run(directory, ['mktag'], { input: lines.join('\n') })
}

/** An annotated tag as it was written. */
export interface Tag {
  readonly target: string
  readonly name: string
  readonly tagger: string
  readonly at: Date
  readonly message: string
}

/** Reads the content of a tag object; `undefined` when it is no annotated tag of a commit. */
export function parseTag(content: string): Tag | undefined {
  const end = content.indexOf('\n\n')
  const head = end < 0 ? content : content.slice(0, end)
  const field = (key: string) => new RegExp(`^${key} (.*)$`, 'm').exec(head)?.[1]
  const [target, name, tagger] = [field('object'), field('tag'), field('tagger')]
  const signed = /^(.*) <[^>]*> (\d+) [+-]\d{4}$/.exec(tagger ?? '')
  if (field('type') !== 'commit' || target === undefined || name === undefined || signed === null) return undefined
  const [, who, seconds] = signed
  return { target, name, tagger: who ?? '', at: new Date(Number(seconds) * 1000), message: content.slice(end + 2) }
}

function gitDate(at: Date): string {
  return `${Math.floor(at.getTime() / 1000)} +0000`
}

/**
 * Moves a local ref from `old` to `next` if it still holds `old` (`noObject`: if it does not exist).
 * Returns whether it did.
 */
export async function moveRef(directory: string, ref: string, next: string, old: string): Promise<boolean> {
  const result = await attempt(directory, ['update-ref', ref, next, old])
  if (result.code === 0) return true
  if (/cannot lock ref|reference already exists|is at .* but expected|File exists/.test(result.stderr)) return false
  throw gitError(directory, ['update-ref', ref], result)
}

/** Whether each of `old` is `next`, or lies behind it, as far as history is here. */
export async function areAncestors(directory: string, old: readonly string[], next: string): Promise<boolean> {
  if (old.length === 0) return true
  const input = [...old, `^${next}`, ''].join('\n')
  const { code, stdout } = await attempt(directory, ['rev-list', '--max-count=1', '--stdin'], { input })
  return code === 0 && stdout.length === 0
}
