import type { Route } from '../route.ts'
import type { State } from '../state.ts'
import { checkRoutes } from './checks.ts'
import { commentRoutes } from './comments.ts'
import { pullRoutes } from './pulls.ts'
import { releaseRoutes } from './releases.ts'
import { userRoutes } from './user.ts'
import { workflowRoutes } from './workflows.ts'

export { storageRoutes, uploadRoutes } from './releases.ts'
export { viewerRoutes as graphqlRoutes } from './user.ts'

/** What of GitHub's REST API the twin answers. */
export function githubRoutes(state: State): Route[] {
  return [
    ...userRoutes(state),
    ...commentRoutes(state),
    ...checkRoutes(state),
    ...pullRoutes(state),
    ...releaseRoutes(state),
    ...workflowRoutes(state),
  ]
}
