import { z } from 'zod'
import type { Owner } from '../owner.ts'
import type { Beginning } from '../port.ts'

/** Tags by which a run is found again. */
export const tag = {
  runId: 'headgate.run_id',
  model: 'headgate.model',
  key: 'headgate.key',
  owner: 'headgate.owner',
  /** Set once the training's document is written: from then on the run is history. */
  document: 'headgate.document',
} as const

/** Where a run is made, as far as MLflow shows it. */
export interface Source {
  readonly user: string
  readonly isCi: boolean
  readonly branch: string
  /** The CI run's page; empty outside a CI. */
  readonly url: string
  /** GitLab links a run with its job by this. */
  readonly gitlabJob: string | undefined
}

/** The tags of a new run. MLflow's own are those that its pages show. */
export function tagsOf(
  { runId, model, key, commit, command, owner }: Beginning,
  source: Source,
): Record<string, string> {
  const all = {
    [tag.runId]: runId,
    [tag.model]: model,
    [tag.key]: key,
    [tag.owner]: JSON.stringify(owner),
    'headgate.run_url': source.url,
    'mlflow.user': source.user,
    'mlflow.source.name': command.slice(0, 500),
    'mlflow.source.type': source.isCi ? 'JOB' : 'LOCAL',
    'mlflow.source.git.commit': commit,
    'mlflow.source.git.branch': source.branch,
    'gitlab.CI_JOB_ID': source.gitlabJob ?? '',
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

const ownerSchema = z.object({
  runId: z.string(),
  executor: z.string(),
  ciRun: z.string().nullable(),
  ciAttempt: z.int(),
  process: z.object({ place: z.string(), pid: z.int(), startedAt: z.string() }),
})

/** Who carries a run on, as its tags say; `undefined` when they do not. */
export function ownerFrom(tags: Readonly<Record<string, string>>): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(tags[tag.owner] ?? ''))
  } catch {
    return undefined
  }
}
