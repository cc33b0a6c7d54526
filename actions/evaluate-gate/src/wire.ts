import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openBaseBranch } from '@headgate/base-branch'
import { UserError } from '@headgate/core'
import { announcer, forgeOf } from '@headgate/forges'
import type { Runner, Wire } from '@headgate/runners'
import { openStore, storeOptionsOf } from '@headgate/stores'
import { commandText, git, runProcess } from '@headgate/systems'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'
import { openVersions } from './versions.ts'

/** Opens registry, store and ledger only when a version is asked for. */
export const wire: Wire<typeof stage, Ports> = async (settings, runner) => {
  const forge = await forgeOf(runner.context.forge)
  const temporary = join(runner.temporary, `headgate-gate-${randomUUID()}`)
  return {
    close: () => rm(temporary, { recursive: true, force: true }),
    openStore: () => openStore(settings.store, storeOptionsOf(runner, forge)),
    announce: announcer({ forge, context: runner.context }),
    ports: {
      log: runner.log,
      workspace: runner.workspace,
      temporary,
      versions: (holding) => openVersions(holding, runner, forge),
      base: openBaseBranch(runner, settings.baseRef),
      isTracked: async (path) => (await git.trackedWithin(runner.workspace, path)).length > 0,
      command: (argv, variables) => runCommand(argv, variables, runner),
    },
  }
}

async function runCommand(
  argv: readonly string[],
  variables: Readonly<Record<string, string>>,
  runner: Runner,
): Promise<void> {
  const result = await runner.log.quote(`Prediction: ${commandText(argv)}`, (show) =>
    runProcess({
      argv,
      cwd: runner.workspace,
      environment: { ...runner.environment, ...variables },
      signal: runner.signal,
      onLine: (_stream, line) => show(line),
    }),
  )
  if (result.exitCode === 0) return
  const end = result.exitCode === null ? `signal ${result.signal}` : `exit code ${result.exitCode}`
  const said = result.lastLines.slice(-10).join('\n')
  throw new UserError({
    what: `\`predict\` (${commandText(argv)}) ended with ${end}.${said === '' ? '' : `\n${said}`}`,
    fix: 'It must read HEADGATE_MODEL and HEADGATE_DATA, and write predictions to HEADGATE_OUTPUT, for every version.',
  })
}
