// A forge on loopback that keeps what it is told, speaks as GitHub and as Gitea, and fails when a test says so.
import type { Call, Fault } from './server.ts'
import { serve } from './server.ts'
import type { State } from './state.ts'

export interface ForgeTwin extends State {
  /** Every request, in the order of arrival, and what it was answered. */
  readonly calls: Call[]
  /** Answers given instead of the usual ones, in order; the last one may stand for ever. */
  faults: Fault[]
  /** Waited for before a request has its effect: holds requests back until others have come too. */
  before: (call: Call) => Promise<void> | void
  /** The requests that change something, as `POST /path`. */
  writes(): string[]
  close(): Promise<void>
}

/** @param logins who the token belongs to; without, it is a job's own: each forge's robot. */
export async function startForge(logins: Partial<ForgeTwin['logins']> = {}): Promise<ForgeTwin> {
  const twin: ForgeTwin = {
    lastId: 1000,
    url: '',
    storageUrl: '',
    rootUrl: '',
    logins: { github: 'github-actions[bot]', gitea: 'gitea-actions', ...logins },
    comments: [],
    checks: [],
    statuses: [],
    releases: [],
    assets: new Map(),
    dispatches: [],
    runs: [],
    pulls: [],
    calls: [],
    faults: [],
    before: () => {},
    // What is asked of GraphQL here only reads.
    writes: () =>
      twin.calls
        .filter(({ method, api }) => method !== 'GET' && api !== 'graphql')
        .map(({ method, path }) => `${method} ${path}`),
    close: async () => {},
  }
  const { url, storageUrl, close } = await serve(twin)
  return Object.assign(twin, { url, storageUrl, rootUrl: url, close })
}
