import type { Route } from '../route.ts'
import type { State } from '../state.ts'
import { commentRoutes } from './comments.ts'
import { pullRoutes } from './pulls.ts'
import { releaseRoutes } from './releases.ts'
import { statusRoutes } from './statuses.ts'
import { userRoutes } from './user.ts'
import { workflowRoutes } from './workflows.ts'

export { giteaAttachments } from './releases.ts'

/** What of Gitea's API the twin answers. */
export function giteaRoutes(state: State): Route[] {
  return [
    ...userRoutes(state),
    ...commentRoutes(state),
    ...statusRoutes(state),
    ...pullRoutes(state),
    ...releaseRoutes(state),
    ...workflowRoutes(state),
  ]
}
