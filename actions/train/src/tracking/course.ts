import { join } from 'node:path'
import type { Findings, Settings } from '@headgate/core'
import { OutsideError } from '@headgate/core'
import { commandText } from '@headgate/systems'
import type { Plan } from '../plan.ts'
import type { Ports } from '../ports.ts'
import type { stage } from '../stage.ts'
import { isGone, ownerOf } from './owner.ts'
import type { RunEnd, TrackedRun } from './port.ts'

type Found = Findings<typeof stage>

export interface Opened {
  readonly settings: Settings<typeof stage>
  readonly plan: Plan
  readonly ports: Ports
  readonly runId: string
  readonly startedAt: Date
}

/**
 * Does `work` within a run at the tracking server, where there is one. The run ends truly: as killed when the training
 * is cancelled, as failed when `work` throws. Only a job that goes on by itself is left running.
 */
export async function inTrackedRun<T>(
  opened: Opened,
  work: (tracked: TrackedRun | undefined) => Promise<T>,
): Promise<T> {
  const { signal, executor } = opened.ports
  const tracked = await open(opened)
  // At once, since a cancelled job has few seconds; and again when the command, which may say otherwise, has ended.
  const kill = (): void => void tracked?.end('killed')
  signal.addEventListener('abort', kill, { once: true })
  try {
    signal.throwIfAborted()
    return await work(tracked)
  } catch (error) {
    const mayGoOn = executor.isLasting && error instanceof OutsideError && !signal.aborted
    if (!mayGoOn) await tracked?.end(signal.aborted ? 'killed' : 'failed')
    throw error
  } finally {
    signal.removeEventListener('abort', kill)
  }
}

async function open({ settings, plan, ports, runId, startedAt }: Opened): Promise<TrackedRun | undefined> {
  if (ports.tracking === undefined) return undefined
  const beginning = {
    runId,
    model: settings.model,
    key: plan.key,
    commit: ports.commit,
    command: commandText(plan.command),
    startedAt,
    data: [
      ...plan.data.map(({ path, digest }) => ({ path, digest, context: 'training' as const })),
      ...plan.testData.map(({ path, digest }) => ({ path, digest, context: 'test' as const })),
    ],
    owner: await ownerOf(ports, runId),
  }
  const living = await livingRuns(settings, ports)
  return ports.tracking.open(beginning, (owner) => isGone(owner, ports, living)).catch(untrained)
}

/** Nothing is trained that should be tracked and cannot be. */
function untrained(error: unknown): never {
  if (!(error instanceof OutsideError)) throw error
  const { tried, state, next } = error
  const way = `${next} Nothing was trained; \`tracking: off\` trains without it.`
  throw new OutsideError({ tried, state, next: way }, { cause: error })
}

const livingStates: ReadonlySet<string> = new Set(['waiting', 'running', 'succeeded'])

/** The runs of jobs that are there by themselves. */
async function livingRuns({ model }: Settings<typeof stage>, { executor }: Ports): Promise<ReadonlySet<string>> {
  const jobs = executor.isLasting ? await executor.list(model) : []
  return new Set(jobs.filter(({ state }) => livingStates.has(state)).map(({ labels }) => labels.runId))
}

/** The run's id of a job of this name that is there already; a new training is given another. */
export async function runIdOfJob(name: string, model: string, { executor }: Ports): Promise<string | undefined> {
  if (!executor.isLasting) return undefined
  const job = (await executor.list(model)).find((one) => one.name === name && livingStates.has(one.state))
  return job?.labels.runId
}

/** Logs what a training left and closes its run. What was not logged stands in the findings, and loses nothing else. */
export async function closeRun(
  tracked: TrackedRun | undefined,
  { settings, plan, ports }: Pick<Opened, 'settings' | 'plan' | 'ports'>,
  found: Found,
  end: RunEnd,
): Promise<Found> {
  if (tracked === undefined) return found
  const { body } = found
  const notLogged = await tracked.finish({
    end,
    endedAt: new Date(body.run.finishedAt ?? ports.now()),
    params: plan.params,
    metrics: body.metrics,
    output: join(settings.workFolder, body.error === undefined ? 'output' : 'failed'),
    artifacts: body.artifacts,
    modelDigest: body.modelArtifact?.digest ?? null,
    error: body.error?.message,
  })
  const { kind, url } = tracked.reference
  for (const sentence of notLogged) ports.log.warning(`Not logged to ${kind}: ${sentence}`)
  if (notLogged.length === 0) ports.log.info(`Logged to ${kind}: ${url}`)
  return { ...found, body: { ...body, tracking: { ...tracked.reference, notLogged: [...notLogged] } } }
}
