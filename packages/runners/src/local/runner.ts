import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context, EventKind } from '@headgate/core'
import { scrub } from '../environment.ts'
import { interruptionSignal } from '../interruption.ts'
import { levelOf } from '../levels.ts'
import { newsFilter } from '../news.ts'
import type { Runner } from '../port.ts'
import { terminalLog } from './log.ts'
import { readRepository } from './repository.ts'

export interface LocalOptions {
  /** Flags by their kebab-case names; they win over `HEADGATE_INPUT_<KEY>`. */
  readonly flags?: ReadonlyMap<string, string>
  readonly folder?: string
  readonly event?: EventKind
  readonly onOutput?: (values: Readonly<Record<string, string>>) => void
}

/** A laptop, or any CI that has no adapter of its own: flags in, text out. */
export async function localRunner(
  variables: Readonly<Record<string, string | undefined>> = process.env,
  options: LocalOptions = {},
): Promise<Runner> {
  const folder = options.folder ?? process.cwd()
  const repository = await readRepository(folder)
  const input = (name: string): string | undefined =>
    options.flags?.get(name) ?? variables[`HEADGATE_INPUT_${name.toUpperCase().replaceAll('-', '_')}`]
  const context: Context = {
    runner: 'local',
    event: options.event ?? 'dispatch',
    commit: repository.commit,
    branch: repository.branch,
    defaultBranch: repository.defaultBranch,
    actor: repository.actor,
    ephemeral: false,
  }
  return {
    context,
    log: terminalLog(levelOf(input('log-level'))),
    logAt: (level) => terminalLog(level),
    isNews: newsFilter(),
    workspace: folder,
    temporary: tmpdir(),
    tools: join(variables.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'headgate'),
    environment: scrub(variables),
    variables,
    signal: interruptionSignal(),
    now: () => new Date(),
    input,
    mask: () => {},
    annotate: () => {},
    keep: () => {},
    kept: undefined,
    summarize: async () => {},
    output: async (values) => options.onOutput?.(values),
    handOver: async () => undefined,
    cache: async () => undefined,
  }
}
