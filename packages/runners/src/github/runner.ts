import { appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as core from '@actions/core'
import { scrub } from '../environment.ts'
import { interruptionSignal } from '../interruption.ts'
import { levelOf } from '../levels.ts'
import { newsFilter } from '../news.ts'
import type { HandOver, Runner } from '../port.ts'
import { begun } from '../post.ts'
import { annotator } from './annotations.ts'
import { githubContext } from './context.ts'
import { commandLog } from './log.ts'
import { command } from './obedience.ts'

/** The runner refuses a whole summary above 1 MiB. */
const longestSummary = 1_000_000

/** GitHub's runner, and those of Gitea, Forgejo and act, which speak the same language. */
export function githubRunner(variables: Readonly<Record<string, string | undefined>> = process.env): Runner {
  const temporary = variables.RUNNER_TEMP ?? tmpdir()
  const input = (name: string): string | undefined => variables[`INPUT_${name.toUpperCase()}`]
  const context = githubContext(variables)
  let handOver: Promise<HandOver> | undefined
  const log = commandLog(levelOf(input('log-level')))
  return {
    context,
    log,
    logAt: commandLog,
    isNews: newsFilter(),
    workspace: variables.GITHUB_WORKSPACE ?? process.cwd(),
    temporary,
    tools: join(variables.RUNNER_TOOL_CACHE ?? temporary, 'headgate'),
    environment: scrub(variables),
    variables,
    signal: interruptionSignal(),
    now: () => new Date(),
    input,
    mask: (secret) => command(() => core.setSecret(secret)),
    annotate: annotator(log.info),
    keep: (name, text) => command(() => core.saveState(name, text)),
    kept: keptStates(variables),
    summarize: (markdown) => summarize(variables.GITHUB_STEP_SUMMARY, markdown),
    output: async (values) => {
      for (const [name, value] of Object.entries(values)) command(() => core.setOutput(name, value))
    },
    handOver: async () => {
      if (!variables.ACTIONS_RUNTIME_TOKEN || !variables.ACTIONS_RESULTS_URL) return undefined
      handOver ??= clients.artifacts().then((client) => client.artifactHandOver({ context, log, temporary }))
      return handOver
    },
    cache: async () => {
      if (!variables.ACTIONS_RUNTIME_TOKEN && !variables.ACTIONS_CACHE_URL) return undefined
      return (await clients.cache()).actionsCache(log.info)
    },
  }
}

// Heavy clients, in chunks of their own.
const clients = {
  artifacts: () => import('./hand-over/artifacts.ts'),
  cache: () => import('./cache.ts'),
} as const

const statePrefix = 'STATE_'

/** The runner hands on to a post step what its step saved. Other variables may begin like that: ours is among them. */
function keptStates(variables: Readonly<Record<string, string | undefined>>): Runner['kept'] {
  const states = Object.entries(variables).filter(([name]) => name.startsWith(statePrefix))
  const kept = Object.fromEntries(states.map(([name, text = '']) => [name.slice(statePrefix.length), text]))
  return begun in kept ? kept : undefined
}

async function summarize(file: string | undefined, markdown: string): Promise<void> {
  if (!file) return
  const fits = Buffer.byteLength(markdown) <= longestSummary
  await appendFile(file, fits ? `${markdown}\n` : 'The summary is too long for this page: see the HTML report.\n')
}
