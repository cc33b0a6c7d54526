import { type Settings, UserError } from '@headgate/core'
import { announcer, forgeOf } from '@headgate/forges'
import type { Runner, Wire } from '@headgate/runners'
import { openStore, storeOptionsOf } from '@headgate/stores'
import type { Executor, ExecutorName } from './executors/port.ts'
import { holdSettings } from './held.ts'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

type Open = (settings: Settings<typeof stage>, runner: Runner) => Executor | Promise<Executor>

const executors: Readonly<Partial<Record<ExecutorName, () => Promise<Open>>>> = {
  process: async () => {
    const { processExecutor } = await import('./executors/process/executor.ts')
    return (_settings, runner) => processExecutor(runner.temporary)
  },
}

async function openExecutor(settings: Settings<typeof stage>, runner: Runner): Promise<Executor> {
  const open = executors[settings.executor]
  if (open) return (await open())(settings, runner)
  const known = Object.keys(executors).join(', ')
  throw new UserError({
    what: `\`executor: ${settings.executor}\` is not in this release.`,
    fix: `Use one of: ${known}.`,
  })
}

/** Chooses the executor, and hides what `env` took from the CI's secrets. */
export const wire: Wire<typeof stage, Ports> = async (settings, runner) => {
  const secrets = secretsOf(settings, runner)
  for (const secret of secrets) runner.mask(secret)
  const forge = await forgeOf(runner.context.forge)
  return {
    ports: {
      executor: await openExecutor(settings, runner),
      cache: await runner.cache(),
      log: runner.log,
      workspace: runner.workspace,
      temporary: runner.temporary,
      commit: runner.context.commit,
      context: runner.context,
      held: await holdSettings(settings, runner),
      ciRun: runner.context.run?.id || null,
      runState: forge && ((ciRun) => forge.runState(ciRun)),
      labels: runner.context.pullRequest?.labels ?? [],
      environment: runner.environment,
      secrets,
      publish: (outputs) => runner.output(outputs),
      signal: runner.signal,
      now: runner.now,
    },
    openStore: () => openStore(settings.store, storeOptionsOf(runner, forge)),
    announce: announcer({ forge, context: runner.context }),
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
