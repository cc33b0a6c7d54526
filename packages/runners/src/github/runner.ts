import { appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as core from '@actions/core'
import type { Annotation } from '@headgate/core'
import { scrub } from '../environment.ts'
import { interruptionSignal } from '../interruption.ts'
import type { Log, Runner } from '../port.ts'
import { githubContext } from './context.ts'

/** The runner drops what is beyond ten of a kind in a step, without a word. */
const mostAnnotations = 10
/** The runner refuses a whole summary above 1 MiB. */
const longestSummary = 1_000_000

/** GitHub's runner, and those of Gitea, Forgejo and act, which speak the same language. */
export function githubRunner(variables: Readonly<Record<string, string | undefined>> = process.env): Runner {
  const temporary = variables.RUNNER_TEMP ?? tmpdir()
  return {
    context: githubContext(variables),
    log: commandLog(),
    workspace: variables.GITHUB_WORKSPACE ?? process.cwd(),
    temporary,
    tools: join(variables.RUNNER_TOOL_CACHE ?? temporary, 'headgate'),
    environment: scrub(variables),
    variables,
    signal: interruptionSignal(),
    now: () => new Date(),
    input: (name) => variables[`INPUT_${name.toUpperCase()}`],
    mask: (secret) => core.setSecret(secret),
    annotate,
    summarize: (markdown) => summarize(variables.GITHUB_STEP_SUMMARY, markdown),
    output: async (values) => {
      for (const [name, value] of Object.entries(values)) core.setOutput(name, value)
    },
    handOver: async () => {
      if (!variables.ACTIONS_RUNTIME_TOKEN || !variables.ACTIONS_RESULTS_URL) return undefined
      return (await clients.artifacts()).artifactHandOver()
    },
    cache: async () => {
      if (!variables.ACTIONS_RUNTIME_TOKEN && !variables.ACTIONS_CACHE_URL) return undefined
      return (await clients.cache()).actionsCache()
    },
  }
}

// Heavy clients, in chunks of their own.
const clients = {
  artifacts: () => import('./artifacts.ts'),
  cache: () => import('./cache.ts'),
} as const

function commandLog(): Log {
  return {
    debug: core.debug,
    info: core.info,
    notice: core.info,
    warning: (message) => core.info(`Warning: ${message}`),
    error: (message) => core.info(`Error: ${message}`),
    group: (title, work) => core.group(title, work),
  }
}

function annotate(annotations: readonly Annotation[]): void {
  const commands = { error: core.error, warning: core.warning, notice: core.notice }
  for (const { level, title, message, where } of annotations.slice(0, mostAnnotations)) {
    const place = where ? { file: where.file, startLine: where.line, startColumn: where.column } : {}
    commands[level](message, defined({ title, ...place }))
  }
  const more = annotations.length - mostAnnotations
  if (more > 0) core.info(`… and ${more} more in the summary.`)
}

function defined(properties: Record<string, string | number | undefined>): core.AnnotationProperties {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined))
}

async function summarize(file: string | undefined, markdown: string): Promise<void> {
  if (!file) return
  const fits = Buffer.byteLength(markdown) <= longestSummary
  await appendFile(file, fits ? `${markdown}\n` : 'The summary is too long for this page: see the HTML report.\n')
}
