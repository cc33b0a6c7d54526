import type { Findings, Settings } from '@headgate/core'
import { counted } from '@headgate/reports'
import { bodyOf, describe, inputsOf, newRunId } from './body.ts'
import { endJob } from './ending.ts'
import type { ListedJob } from './executors/port.ts'
import { isOver } from './executors/watch.ts'
import type { Plan } from './plan.ts'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

const endedRuns: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled'])

/** Ends the model's trainings that nobody waits for any more, each with its reason. Trains nothing. */
export async function sweep(
  settings: Settings<typeof stage>,
  plan: Plan,
  ports: Ports,
): Promise<Findings<typeof stage>> {
  const { executor, log } = ports
  let ended = 0
  for (const listed of await executor.list(settings.model)) {
    const reason = await orphanedBecause(listed, ports)
    if (reason === undefined) continue
    ended += 1
    log.notice(`${settings.dryRun ? 'Would end' : 'Ends'} ${listed.name} (run ${listed.labels.runId}): ${reason}`)
    if (settings.dryRun) continue
    await endJob(ports, listed.job, listed.labels.runId)
  }
  const summary = `Swept ${executor.name}: ${ended === 0 ? 'no training' : counted(ended, 'training')} without anybody who waits for it.`
  const run = describe(plan, executor.name, newRunId(ports.now()), ports.now())
  const body = bodyOf(plan, run, summary)
  return { verdict: 'inconclusive', exitCode: 0, isAside: true, summary, inputs: inputsOf(plan), body }
}

/** Why nobody waits for a job; `undefined` where somebody may. */
async function orphanedBecause({ state, labels }: ListedJob, { runState, now }: Ports): Promise<string | undefined> {
  if (isOver({ state })) return undefined
  if (labels.deadline !== null && Date.parse(labels.deadline) < now().getTime())
    return `it should have ended at ${labels.deadline}.`
  if (labels.isDetached || labels.ciRun === null || runState === undefined) return undefined
  // A forge that does not answer leaves it as it is.
  const submitter = await runState(labels.ciRun).catch(() => 'unknown')
  return endedRuns.has(submitter) ? `the CI run ${labels.ciRun} that waited for it has ${submitter}.` : undefined
}
