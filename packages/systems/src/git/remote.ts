import { setTimeout } from 'node:timers/promises'
import { OutsideError, UserError } from '@headgate/core'
import type { GitOptions, GitResult, GitToken } from './run.ts'
import { attempt, gitError, run } from './run.ts'

/** A remote of a clone, and with what rights it is written. */
export interface Remote {
  readonly directory: string
  readonly name: string
  readonly token?: GitToken | undefined
}

/** A ref of a remote; `peeled` is the commit behind an annotated tag. */
export interface RemoteRef {
  readonly ref: string
  readonly object: string
  readonly peeled?: string | undefined
}

/** The URL of a remote, or `undefined` when the clone has none of that name. */
export async function remoteUrl(directory: string, name: string): Promise<string | undefined> {
  const names = await run(directory, ['remote'])
  return names.split('\n').includes(name) ? run(directory, ['remote', 'get-url', name]) : undefined
}

/**
 * The refs of a remote that match; none is an answer.
 * @throws OutsideError when the remote cannot be reached: that is never "none".
 */
export async function listRemote(remote: Remote, patterns: readonly string[]): Promise<RemoteRef[]> {
  const result = await insist(remote, ['ls-remote', remote.name, ...patterns])
  const refs = new Map<string, RemoteRef>()
  for (const line of result.stdout.toString('utf8').split('\n')) {
    const [object, ref] = line.split('\t')
    if (object === undefined || ref === undefined) continue
    const tag = ref.endsWith('^{}') ? refs.get(ref.slice(0, -3)) : undefined
    if (tag) refs.set(tag.ref, { ...tag, peeled: object })
    else refs.set(ref, { ref, object })
  }
  return [...refs.values()]
}

/**
 * Fetches objects of a remote by refspecs, without following tags. `depth` cuts history off where the clone lacks some
 * already: a full clone is never made a shallow one.
 */
export async function fetchRefs(remote: Remote, refspecs: readonly string[], depth?: number): Promise<void> {
  if (refspecs.length === 0) return
  const isCut = depth !== undefined && (await isShallow(remote.directory))
  const shallow = isCut ? [`--depth=${depth}`] : []
  const flags = ['--quiet', '--no-tags', '--no-write-fetch-head', '--recurse-submodules=no', ...shallow]
  await insist(remote, ['fetch', ...flags, remote.name, ...refspecs])
}

/** Whether the clone already lacks history. */
export async function isShallow(directory: string): Promise<boolean> {
  return (await run(directory, ['rev-parse', '--is-shallow-repository'])) === 'true'
}

/** One ref to write: to `next`, if the remote still has `old` there (`''`: if it has none). */
export interface RefUpdate {
  readonly ref: string
  readonly next: string
  readonly old: string
}

/**
 * Pushes, all refs or none, each only if the remote still holds what was expected.
 * Returns `lost` when somebody else was there first, or when it cannot be told: then read again.
 * @throws UserError when rights are missing, OutsideError when the remote refuses or cannot be reached.
 */
export async function push(remote: Remote, updates: readonly RefUpdate[]): Promise<'done' | 'lost'> {
  const leases = updates.map(({ ref, old }) => `--force-with-lease=${ref}:${old}`)
  const refspecs = updates.map(({ ref, next }) => `${next}:${ref}`)
  const atomic = updates.length > 1 ? ['--atomic'] : []
  const args = ['push', '--porcelain', '--no-verify', '--quiet', ...atomic, ...leases, remote.name, ...refspecs]
  const result = await attempt(remote.directory, args, tokenOf(remote))
  if (result.code === 0) return 'done'
  const said = `${result.stdout.toString('utf8')}\n${result.stderr}`
  if (lostRace.test(said)) return 'lost'
  throw pushError(remote, updates, result, said)
}

const lostRace =
  /stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|reference already exists|incorrect old value|failed to lock|remote ref updated since checkout/i
const refused = /pre-receive hook declined|protected|GH0\d\d|hook declined|deny updating|prohibited/i
const forbidden = /authentication failed|could not read (user|pass)|\b40[13]\b|permission.*denied|not allowed to push/i
/** What no second attempt mends. */
const final = /does not appear to be a git repository|repository .* not found|no such remote|couldn't find remote ref/i

function pushError(remote: Remote, updates: readonly RefUpdate[], result: GitResult, said: string): Error {
  if (forbidden.test(said)) return rightsMissing(remote, result.stderr, 'write')
  if (refused.test(said)) {
    return new OutsideError({
      tried: `Pushed ${updates.map(({ ref }) => ref).join(', ')} to ${remote.name}.`,
      state: `The remote refused it, and nothing was written there: ${said.trim()}`,
      next: 'Allow this ref in the rules of the repository, or name another one in headgate.yml.',
    })
  }
  return unreachable(remote, result)
}

function rightsMissing(remote: Remote, said: string, right: 'read' | 'write'): UserError {
  return new UserError({
    what: `the remote ${remote.name} refused the credentials: ${said.trim()}`,
    fix: `Give the job the right to ${right}: \`permissions: { contents: ${right} }\` on GitHub, a token with ${right} access elsewhere.`,
  })
}

function unreachable(remote: Remote, result: GitResult): OutsideError {
  return new OutsideError({
    tried: `Talked to the Git remote ${remote.name}, ${attempts} times where that is safe.`,
    state: `It cannot be reached, so what it holds is unknown: ${result.stderr.trim() || `exit code ${result.code}`}`,
    next: 'Check the network and the remote, then run again: what was written stays, and the rest is completed.',
  })
}

const attempts = 4

/** Repeats a reading command while the remote cannot be reached. */
async function insist(remote: Remote, args: readonly string[]): Promise<GitResult> {
  for (let tried = 1; ; tried += 1) {
    const result = await attempt(remote.directory, args, tokenOf(remote))
    if (result.code === 0) return result
    if (/not a git repository|dubious ownership/i.test(result.stderr) && !final.test(result.stderr))
      throw gitError(remote.directory, args, result)
    if (forbidden.test(result.stderr)) throw rightsMissing(remote, result.stderr, 'read')
    if (tried === attempts || final.test(result.stderr)) throw unreachable(remote, result)
    await setTimeout(2 ** tried * 100 * (0.5 + Math.random()))
  }
}

function tokenOf(remote: Remote): GitOptions {
  return remote.token === undefined ? {} : { token: remote.token }
}
