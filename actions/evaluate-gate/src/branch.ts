import { isAbsolute, join, relative } from 'node:path'
import type { Digest } from '@headgate/core'
import { digestOf, messageOf, OutsideError, UserError } from '@headgate/core'
import type { GateSettings } from '@headgate/gate'
import { loadGateBlock } from '@headgate/gate'
import type { Runner } from '@headgate/runners'
import { readSettingsFile } from '@headgate/settings'
import { git } from '@headgate/systems'
import type { Base } from './ports.ts'

/** The base branch of this run's pull request or merge queue; elsewhere what `base-ref` names, if it does. */
export function openBase(settings: GateSettings, runner: Runner): Base | undefined {
  const ref = refOf(settings, runner)
  if (ref === undefined) return undefined
  let commit: Promise<string> | undefined
  const show = async (path: string): Promise<Buffer | undefined> => {
    commit ??= commitOf(ref, settings, runner)
    const inside = isAbsolute(path) ? relative(runner.workspace, path) : path
    return git.show(runner.workspace, await commit, `./${join(inside)}`)
  }
  const read = async (path: string): Promise<string | undefined> => (await show(path))?.toString('utf8')
  const digest = async (path: string): Promise<Digest | undefined> => {
    const content = await show(path)
    return content && digestOf(content)
  }
  return { ref, read, digest, settings: () => settingsAt(ref, read, settings, runner) }
}

function refOf({ baseRef }: GateSettings, { context }: Runner): string | undefined {
  if (context.pullRequest) return context.pullRequest.baseRef
  return context.event === 'merge-queue' ? context.defaultBranch : baseRef
}

/** The commit of the base, fetched where a shallow clone lacks it. */
async function commitOf(ref: string, settings: GateSettings, { context, workspace }: Runner): Promise<string> {
  const isOurs = context.pullRequest === undefined && context.event !== 'merge-queue'
  if (isOurs) return (await git.resolveRevision(workspace, `${ref}^{commit}`)) ?? unknownRef(ref)
  const { forge } = context
  const token = forge?.token ? { server: forge.serverUrl, token: forge.token } : undefined
  const remote = { directory: workspace, name: settings.ledger.remote, token }
  const listed = async () => (await git.listRemote(remote, [`refs/heads/${ref}`]))[0]?.object
  const commit = context.pullRequest?.baseSha ?? (await listed())
  if (commit !== undefined && !(await git.hasObject(workspace, commit))) await git.fetchRefs(remote, [commit], 1)
  if (commit !== undefined && (await git.hasObject(workspace, commit))) return commit
  throw new OutsideError({
    tried: `Looked for the base branch ${ref} on ${remote.name}.`,
    state: 'It is not there, so the policy that holds is unknown. Nothing was judged.',
    next: 'Check that the branch exists and that the job may read it, then run again.',
  })
}

function unknownRef(ref: string): never {
  const fix = 'Fetch it, or name another branch or commit with `base-ref`.'
  throw new UserError({ what: `there is no branch or commit ${ref} in this clone.`, fix })
}

/** The gate's block at the base, without the flags of this run. */
async function settingsAt(
  ref: string,
  read: Base['read'],
  own: GateSettings,
  runner: Runner,
): ReturnType<Base['settings']> {
  const text = await read(own.config)
  if (text === undefined) return { settings: undefined, reason: `${ref} has no ${own.config}.` }
  try {
    if (!describes(readSettingsFile(text, own.config).value, own.model))
      return { settings: undefined, reason: `${own.config} of ${ref} does not describe ${own.model}.` }
    const { variables: environment, workspace } = runner
    const source = { input: (name: string) => runner.input(name), read, environment, workspace }
    return { settings: await loadGateBlock(own.model, source) }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { settings: undefined, reason: `${own.config} of ${ref} cannot be understood: ${messageOf(error)}` }
  }
}

function describes(value: unknown, model: string): boolean {
  const models = typeof value === 'object' && value !== null && 'models' in value ? value.models : undefined
  return typeof models === 'object' && models !== null && model in models
}
