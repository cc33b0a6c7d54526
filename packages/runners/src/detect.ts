import type { Runner } from './port.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** The runner that this process runs on: GitHub's (Gitea's and Forgejo's speak the same), or this machine. */
export async function detectRunner(variables: Variables = process.env): Promise<Runner> {
  const adapter = variables.GITHUB_ACTIONS === 'true' ? adapters.github : adapters.local
  return (await adapter())(variables)
}

const adapters = {
  github: async () => (await import('./github/runner.ts')).githubRunner,
  local: async () => (await import('./local/runner.ts')).localRunner,
} as const satisfies Record<string, () => Promise<(variables: Variables) => Runner | Promise<Runner>>>
