import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { digestOf, type Settings, UserError } from '@headgate/core'
import type { Runner } from '@headgate/runners'
import { splitWords } from '@headgate/systems'
import type { stage } from '../../stage.ts'
import type { Target } from '../port.ts'
import { processTarget } from './target.ts'

type DeploySettings = Settings<typeof stage>

const lockWaitMs = 120_000

/** The target by the settings of a deployment. */
export function openProcess(settings: DeploySettings, runner: Runner): Target {
  return processTarget({
    folder: stateFolder(settings, runner),
    serve: serveCommand(settings.serve),
    workspace: runner.workspace,
    environment: { ...runner.environment, ...settings.env },
    secrets: Object.values(settings.env).filter((value) => value.length >= 6),
    address: { host: settings.host, port: settings.port },
    lockWaitMs,
  })
}

/** The command that serves, as words. */
export function serveCommand(serve: string | readonly string[] | undefined): string[] {
  const words = typeof serve === 'string' ? splitWords(serve) : [...(serve ?? [])]
  const missing = ['{model}', '{port}'].filter((mark) => !words.some((word) => word.includes(mark)))
  if (missing.length === 0) return words
  throw new UserError({
    what: `\`serve\` does not use ${missing.join(' and ')}.`,
    fix: 'Such as `python serve.py {model} {port}`: the model’s folder, and the port to listen on.',
  })
}

/** In CI outside of the work tree, which a checkout cleans. */
function stateFolder(settings: DeploySettings, { context, workspace, variables }: Runner): string {
  if (settings.stateFolder !== undefined) return resolve(workspace, settings.stateFolder)
  if (context.runner === 'local') return join(settings.workFolder, 'deployments', settings.environment)
  const base = variables.XDG_STATE_HOME || join(homedir(), '.local', 'state')
  const repository = context.forge?.repository ?? digestOf(workspace).slice(-12)
  return join(base, 'headgate', repository, settings.model, settings.environment)
}
