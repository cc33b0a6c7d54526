// What a forge's twin keeps: facts in no forge's words. The folders beside say them as GitHub and as Gitea do.

export interface TwinComment {
  readonly id: number
  readonly issue: number
  body: string
  readonly user: { readonly login: string }
}

export interface TwinAnnotation {
  readonly path: string
  readonly start_line: number
  readonly end_line: number
  readonly annotation_level: string
  readonly message: string
  readonly title?: string
}

export interface TwinCheck {
  readonly id: number
  readonly name: string
  readonly head_sha: string
  /** GitHub puts the check runs of a job's token into any suite of its app. */
  readonly suite: number
  status: string
  conclusion: string | null
  external_id: string
  details_url: string
  title: string | null
  summary: string | null
  readonly annotations: TwinAnnotation[]
}

export interface TwinStatus {
  readonly id: number
  readonly sha: string
  readonly context: string
  readonly state: string
  readonly description: string
  readonly target_url: string
}

export interface TwinAsset {
  readonly release: number
  readonly name: string
  readonly bytes: Buffer
  /** `open` is an upload that broke off. */
  readonly state: 'uploaded' | 'open'
}

export interface TwinRelease {
  readonly id: number
  tag_name: string
  name: string
  body: string
  draft: boolean
  prerelease: boolean
}

export interface TwinRun {
  readonly id: number
  status: string
  conclusion: string | null
}

export interface TwinPull {
  readonly number: number
  readonly sha: string
  readonly state: 'open' | 'closed'
  /** The owner of the fork that it comes from; from the repository itself without. */
  readonly fork?: string
}

interface TwinDispatch {
  readonly workflow: string
  readonly ref: string
  readonly inputs: Readonly<Record<string, unknown>>
}

export interface State {
  lastId: number
  /** Where it listens. */
  url: string
  /** The other server that keeps GitHub's assets; a signature in the address opens it, a token is refused. */
  storageUrl: string
  /** What Gitea takes for its own address. */
  rootUrl: string
  readonly logins: Readonly<Record<'github' | 'gitea', string>>
  readonly comments: TwinComment[]
  readonly checks: TwinCheck[]
  readonly statuses: TwinStatus[]
  readonly releases: TwinRelease[]
  /** By number. */
  readonly assets: Map<number, TwinAsset>
  readonly dispatches: TwinDispatch[]
  readonly runs: TwinRun[]
  readonly pulls: TwinPull[]
}

/** One day for everything: no twin's answer depends on the clock. */
export const day = '2026-01-02T03:04:05Z'

/** A number that nothing has yet; what a test puts in by hand stays below 1,000. */
export function newId(state: State): number {
  state.lastId += 1
  return state.lastId
}
