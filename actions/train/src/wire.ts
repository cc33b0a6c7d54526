import type { Settings } from '@headgate/core'
import { announcer, forgeOf } from '@headgate/forges'
import type { Runner, Wire } from '@headgate/runners'
import type { Executor } from './executors/port.ts'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

const executors: Readonly<Record<'process', () => Promise<Executor>>> = {
  process: async () => (await import('./executors/process/executor.ts')).processExecutor(),
}

/** Chooses the executor, and hides what `env` took from the CI's secrets. */
export const wire: Wire<typeof stage, Ports> = async (settings, runner) => {
  const secrets = secretsOf(settings, runner)
  for (const secret of secrets) runner.mask(secret)
  return {
    ports: {
      executor: await executors.process(),
      cache: await runner.cache(),
      log: runner.log,
      workspace: runner.workspace,
      temporary: runner.temporary,
      commit: runner.context.commit,
      event: runner.context.event,
      labels: runner.context.pullRequest?.labels ?? [],
      environment: runner.environment,
      secrets,
      signal: runner.signal,
      now: runner.now,
    },
    announce: announcer({ forge: await forgeOf(runner.context.forge), context: runner.context }),
  }
}

const shortestSecret = 6

/** What `env` gives back to the command: values that came, whole or in part, from the runner's own environment. */
function secretsOf({ env }: Pick<Settings<typeof stage>, 'env'>, runner: Runner): string[] {
  const known = Object.values(runner.variables).filter((value) => value !== undefined && value.length >= shortestSecret)
  const taken = Object.values(env).flatMap((value) =>
    known.filter((part) => part !== undefined && value.includes(part)),
  )
  return [...new Set(taken.filter((part) => part !== undefined))]
}
