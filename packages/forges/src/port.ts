import type { Annotation, ForgeKind } from '@headgate/core'

export interface Comment {
  readonly id: string
  readonly url: string
}

export interface Release {
  readonly id: string
  readonly tag: string
  readonly url: string
  readonly assets: readonly ReleaseAsset[]
}

export interface ReleaseAsset {
  readonly id: string
  readonly name: string
  readonly bytes: number
}

export interface CheckReport {
  readonly name: string
  readonly sha: string
  readonly conclusion: 'success' | 'failure' | 'neutral'
  readonly title: string
  /** Markdown, at most 65,535 characters on GitHub. */
  readonly summary: string
  readonly annotations: readonly Annotation[]
  readonly url?: string | undefined
}

export interface StartedRun {
  readonly id?: string | undefined
  readonly url?: string | undefined
}

/**
 * A forge's API, in the words of what Headgate does there. Every method retries what is worth retrying, then throws
 * `OutsideError`; what the forge refuses (a right that is missing, a text too long) is a `Rejection` with its status.
 */
export interface Forge {
  readonly kind: ForgeKind
  /** Writes the one comment that carries this marker and is our own; unchanged text writes nothing. */
  upsertComment(
    pullRequest: number,
    marker: string,
    body: string,
  ): Promise<{ action: 'created' | 'updated' | 'unchanged'; comment: Comment }>
  /** A check run where the forge has them, else a commit status. Unchanged content writes nothing. */
  report(check: CheckReport): Promise<void>
  findPullRequest(headSha: string): Promise<number | undefined>
  findRelease(tag: string): Promise<Release | undefined>
  /** A release that never counts as the repository's latest. */
  createRelease(release: { tag: string; title: string; body: string; draft: boolean }): Promise<Release>
  updateRelease(id: string, change: { draft?: boolean; body?: string }): Promise<void>
  uploadAsset(release: Release, name: string, path: string, bytes: number): Promise<ReleaseAsset>
  downloadAsset(release: Release, asset: ReleaseAsset, to: string): Promise<void>
  deleteAsset(release: Release, asset: ReleaseAsset): Promise<void>
  /** Starts a workflow by its file name; returns the run where the forge says which. */
  dispatch(workflow: string, ref: string, inputs: Readonly<Record<string, string>>): Promise<StartedRun>
  /** How a run stands: what a lease in the ledger needs to know. */
  runState(id: string): Promise<'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'unknown'>
}
