import { z } from 'zod'

export const runnerKinds = ['github', 'gitlab', 'jenkins', 'local'] as const
export type RunnerKind = (typeof runnerKinds)[number]
export const forgeKinds = ['github', 'gitlab', 'gitea'] as const
export type ForgeKind = (typeof forgeKinds)[number]

/**
 * What started this run. In a CI `push`, `schedule` and `dispatch` are of the default branch; of another branch or a tag
 * they are `other`.
 */
export type EventKind = 'pull-request' | 'merge-queue' | 'push' | 'schedule' | 'dispatch' | 'workflow-run' | 'other'

/** The pull request of this run. `headSha` is its own commit, never the forge's merge commit. */
export interface PullRequest {
  readonly number: number
  readonly headSha: string
  /** Whether it comes from another repository, and so runs without secrets. */
  readonly fork: boolean
  readonly author: string
  readonly labels: readonly string[]
}

/** The branch that a pull request or a merge queue is for: what decides about the change is read there. */
export interface Base {
  /** The branch's name, without `refs/heads/`. */
  readonly ref: string
  /** Its commit when this run was started; `undefined` where the CI does not say. */
  readonly sha?: string | undefined
}

/** Where a forge's API is, and with what it may be asked. */
export interface ForgeLocation {
  readonly kind: ForgeKind
  readonly apiUrl: string
  readonly serverUrl: string
  /** `owner/name`. */
  readonly repository: string
  readonly token?: string | undefined
}

const writingEvents: ReadonlySet<string> = new Set<EventKind>(['push', 'schedule', 'dispatch'])

/** Whether what a run of such an event made may be taken over by the default branch. */
export function isTrusted(event: string): boolean {
  return writingEvents.has(event)
}

/** What of a context says whether its run may write. */
export type RunPlace = Pick<Context, 'runner' | 'event' | 'base' | 'branch' | 'defaultBranch'>

/**
 * Whether a run may write versions, aliases, ledger entries and deployments: one of the default branch, or one of a
 * person's own machine. Everything else is as a pull request.
 */
export function mayWrite({ runner, event, base, branch, defaultBranch }: RunPlace): boolean {
  if (!isTrusted(event) || base !== undefined) return false
  return runner === 'local' || branch === defaultBranch
}

/** The repository's address on its forge, without a slash at the end; `undefined` without a forge. */
export function forgeUrlOf({ forge }: Pick<Context, 'forge'>): string | undefined {
  return forge && `${serverOf(forge)}/${forge.repository}`
}

/** What Git may show the forge's server, for one command; `undefined` without a token. */
export function gitTokenOf({ forge }: Pick<Context, 'forge'>): { server: string; token: string } | undefined {
  return forge?.token ? { server: `${serverOf(forge)}/`, token: forge.token } : undefined
}

/** Some runners say it with a slash at the end, some without. */
function serverOf({ serverUrl }: ForgeLocation): string {
  return serverUrl.replace(/\/+$/, '')
}

/** What the CI said of this run, as plain data. */
export interface Context {
  readonly runner: RunnerKind
  readonly event: EventKind
  /** Head commit; empty outside a Git work tree. */
  readonly commit: string
  /** By its name without `refs/heads/`; empty where this is no branch, such as a tag. */
  readonly branch: string
  readonly defaultBranch: string
  readonly actor: string
  readonly pullRequest?: PullRequest | undefined
  /** Of a pull request and of a merge queue. */
  readonly base?: Base | undefined
  readonly forge?: ForgeLocation | undefined
  readonly run?:
    | { readonly id: string; readonly attempt: number; readonly url: string; readonly workflow: string }
    | undefined
  /** Whether the machine goes away with the job: a directory store or a served process would be lost with it. */
  readonly ephemeral: boolean
}

/** The part of the context that a document keeps. */
export const runnerSchema = z.object({
  kind: z.enum(runnerKinds),
  event: z.string(),
  runId: z.string().optional(),
  runUrl: z.string().optional(),
  os: z.string(),
})
