import type { Context, Header } from '@headgate/core'
import { OutsideError, release, schemaName } from '@headgate/core'
import { writeDocument } from '@headgate/files'
import { announcer, forgeOf } from '@headgate/forges'
import type { Runner, Wire } from '@headgate/runners'
import { openEngine } from '@headgate/tables'
import type { Base, Ports } from './ports.ts'
import type { stage } from './stage.ts'

/** Chooses the engine, and the branch whose contract holds. */
export const wire: Wire<typeof stage, Ports> = async (settings, runner) => ({
  ports: {
    openEngine: () =>
      openEngine(settings.engine, {
        library: settings.duckdbLibrary,
        tools: runner.tools,
        temporary: runner.temporary,
      }),
    workspace: runner.workspace,
    base: baseOf(runner),
    writeProfile: async (profile, inputs) => {
      if (settings.dryRun) return
      const { verdict: _none, ...header } = headerOf(settings.model, runner, inputs)
      const summary = `${profile.data.rows} rows, ${profile.columns.length} columns.`
      await writeDocument('profile', settings.workFolder, { ...header, summary, ...profile })
    },
    log: runner.log,
    now: runner.now,
  },
  announce: announcer({ forge: await forgeOf(runner.context.forge), context: runner.context }),
})

function headerOf(model: string, { context, now }: Runner, inputs: Header['inputs']): Header {
  const { run } = context
  return {
    schema: schemaName('profile'),
    verdict: 'pass',
    summary: '',
    model,
    commit: context.commit,
    createdAt: now().toISOString(),
    tool: `headgate ${release}`,
    runner: {
      kind: context.runner,
      event: context.event,
      ...(run && { runId: run.id, runUrl: run.url }),
      os: process.platform,
    },
    inputs,
    durationMs: 0,
  }
}

function baseOf({ context, workspace }: Runner): Base | undefined {
  const { pullRequest } = context
  if (pullRequest === undefined) return undefined
  let revision: Promise<string> | undefined
  return {
    ref: pullRequest.baseRef,
    read: async (path) => {
      const { git } = await import('@headgate/systems')
      revision ??= baseRevision(workspace, pullRequest)
      return (await git.show(workspace, await revision, path))?.toString('utf8')
    },
  }
}

/** The base's commit, fetched alone where the checkout is shallow. */
async function baseRevision(workspace: string, pullRequest: NonNullable<Context['pullRequest']>): Promise<string> {
  const { git } = await import('@headgate/systems')
  const { baseSha, baseRef } = pullRequest
  const local = `refs/remotes/origin/${baseRef}`
  if (baseSha !== undefined && (await git.hasObject(workspace, `${baseSha}^{commit}`))) return baseSha
  if (baseSha === undefined && (await git.resolveRevision(workspace, local)) !== undefined) return local
  await git.fetchRefs({ directory: workspace, name: 'origin' }, [`+refs/heads/${baseRef}:${local}`], 1)
  if ((await git.resolveRevision(workspace, local)) !== undefined) return local
  throw new OutsideError({
    tried: `Fetched ${baseRef}, the base of the pull request.`,
    state: 'It is not there, and the contract that holds is unknown; nothing was checked.',
    next: 'Check out with access to the base branch.',
  })
}
