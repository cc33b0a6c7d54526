import { readFileSync } from 'node:fs'
import type { Base, Context, EventKind, ForgeLocation, PullRequest } from '@headgate/core'
import { z } from 'zod'

type Variables = Readonly<Record<string, string | undefined>>

const pullRequestSchema = z.object({
  number: z.int(),
  user: z.object({ login: z.string() }).optional(),
  labels: z.array(z.object({ name: z.string() })).default([]),
  head: z.object({ sha: z.string(), repo: z.object({ full_name: z.string() }).nullish() }),
  base: z.object({ ref: z.string(), sha: z.string().optional(), repo: z.object({ full_name: z.string() }).nullish() }),
})
const eventSchema = z.object({
  pull_request: pullRequestSchema.optional(),
  merge_group: z.object({ head_sha: z.string(), base_ref: z.string(), base_sha: z.string() }).optional(),
  workflow_run: z.object({ head_sha: z.string() }).optional(),
  repository: z.object({ default_branch: z.string().optional() }).optional(),
})
type Event = z.output<typeof eventSchema>

/** Reads the runner's variables and the event's file. Gitea and Forgejo set the same ones. */
export function githubContext(variables: Variables): Context {
  const event = readEvent(variables.GITHUB_EVENT_PATH)
  const name = variables.GITHUB_EVENT_NAME ?? ''
  // By the whole ref: a tag may be called like the default branch.
  const branch = /^refs\/heads\/(.+)$/.exec(variables.GITHUB_REF ?? '')?.[1] ?? ''
  // A schedule is always of the default branch, which not every forge names in its event.
  const defaultBranch = event.repository?.default_branch ?? (name === 'schedule' && branch ? branch : 'main')
  const pullRequest = event.pull_request && readPullRequest(event.pull_request)
  return {
    runner: 'github',
    event: eventKind(name, branch, defaultBranch),
    commit:
      pullRequest?.headSha ?? event.merge_group?.head_sha ?? event.workflow_run?.head_sha ?? variables.GITHUB_SHA ?? '',
    branch,
    defaultBranch,
    actor: variables.GITHUB_ACTOR ?? '',
    pullRequest,
    base: readBase(event, variables),
    forge: forgeOf(variables),
    run: {
      id: variables.GITHUB_RUN_ID ?? '',
      attempt: Number(variables.GITHUB_RUN_ATTEMPT ?? 1),
      url: `${variables.GITHUB_SERVER_URL ?? ''}/${variables.GITHUB_REPOSITORY ?? ''}/actions/runs/${variables.GITHUB_RUN_ID ?? ''}`,
      workflow: variables.GITHUB_WORKFLOW ?? '',
    },
    ephemeral: variables.RUNNER_ENVIRONMENT !== 'self-hosted',
  }
}

function readEvent(path: string | undefined): Event {
  if (!path) return {}
  const parsed = eventSchema.safeParse(JSON.parse(readFileSync(path, 'utf8') || '{}'))
  if (!parsed.success)
    throw new Error(`the runner's event file has another shape than expected: ${parsed.error.message}`)
  return parsed.data
}

function readPullRequest(pull: z.output<typeof pullRequestSchema>): PullRequest {
  return {
    number: pull.number,
    headSha: pull.head.sha,
    // A head without a repository is a fork that was deleted: nothing of it is trusted.
    fork: pull.head.repo?.full_name !== pull.base.repo?.full_name,
    author: pull.user?.login ?? '',
    labels: pull.labels.map((label) => label.name),
  }
}

/** Also said by a variable: a pull request is never taken for a run without a base. */
function readBase({ pull_request: pull, merge_group: group }: Event, variables: Variables): Base | undefined {
  if (pull) return { ref: pull.base.ref, sha: pull.base.sha || undefined }
  if (group) return { ref: group.base_ref.replace(/^refs\/heads\//, ''), sha: group.base_sha || undefined }
  return variables.GITHUB_BASE_REF ? { ref: variables.GITHUB_BASE_REF } : undefined
}

const eventsOfDefaultBranch: Readonly<Record<string, EventKind>> = {
  push: 'push',
  schedule: 'schedule',
  workflow_dispatch: 'dispatch',
  repository_dispatch: 'dispatch',
}

function eventKind(name: string, branch: string, defaultBranch: string): EventKind {
  if (name === 'pull_request' || name === 'pull_request_target') return 'pull-request'
  if (name === 'merge_group') return 'merge-queue'
  if (name === 'workflow_run') return 'workflow-run'
  return branch === defaultBranch ? (eventsOfDefaultBranch[name] ?? 'other') : 'other'
}

function forgeOf(variables: Variables): ForgeLocation | undefined {
  const { GITHUB_API_URL: apiUrl, GITHUB_REPOSITORY: repository } = variables
  if (!apiUrl || !repository) return undefined
  const isGitea =
    variables.GITEA_ACTIONS === 'true' || variables.FORGEJO_ACTIONS === 'true' || apiUrl.endsWith('/api/v1')
  return {
    kind: isGitea ? 'gitea' : 'github',
    apiUrl,
    serverUrl: variables.GITHUB_SERVER_URL ?? '',
    repository,
    token: variables.INPUT_TOKEN || variables.GITHUB_TOKEN || undefined,
  }
}
