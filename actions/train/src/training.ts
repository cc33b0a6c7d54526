import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Findings, Settings, Training } from '@headgate/core'
import { messageOf, UserError } from '@headgate/core'
import type { FailedCell } from '@headgate/notebooks'
import { counted, mebibytes } from '@headgate/reports'
import { commandText, masker } from '@headgate/systems'
import { bodyOf, describe, inputsOf, newRunId } from './body.ts'
import type { Job } from './executors/port.ts'
import { type Ended, watch } from './executors/watch.ts'
import { type Failure, failureOf, fromUserError } from './failure.ts'
import { type Handle, handleFile, handleText, writeHandle } from './handle.ts'
import { pathFrom } from './inputs.ts'
import { keepFailed, readExecuted } from './notebook/executed.ts'
import { type Output, openOutput, readOutput, swapOutput } from './output.ts'
import { gather } from './pipeline/gather.ts'
import { dataPlaceOf, type Plan } from './plan.ts'
import type { Ports } from './ports.ts'
import { keep } from './reuse.ts'
import { jobName, specOf } from './spec.ts'
import type { stage } from './stage.ts'
import { closeRun, inTrackedRun, runIdOfJob } from './tracking/course.ts'
import type { TrackedRun } from './tracking/port.ts'
import { trustOf } from './trust.ts'
import { duration } from './words.ts'

type TrainSettings = Settings<typeof stage>
type Found = Findings<typeof stage>

/** Submits a training; the handle is written before anybody waits. With `detach` that is all. */
export async function submit(settings: TrainSettings, plan: Plan, ports: Ports, reason: string): Promise<Found> {
  if (settings.detach && !ports.executor.isLasting) throw cannotDetach(ports)
  const startedAt = ports.now()
  const there = await runIdOfJob(jobName(settings, plan, ports), settings.model, ports)
  const begun = { settings, plan, ports, reason, startedAt, runId: there ?? newRunId(startedAt) }
  return inTrackedRun(begun, (tracked) => begin(begun, tracked))
}

interface Begun {
  readonly settings: TrainSettings
  readonly plan: Plan
  readonly ports: Ports
  readonly reason: string
  readonly startedAt: Date
  readonly runId: string
}

async function begin(begun: Begun, tracked: TrackedRun | undefined): Promise<Found> {
  const { settings, plan, ports, reason, startedAt, runId } = begun
  const output = await openOutput(settings.workFolder, runId)
  const body = trackedBody(plan, describe(plan, ports.executor.name, runId, startedAt), reason, tracked)
  try {
    const spec = specOf(settings, plan, ports, { runId, output, tracked })
    const submitted = await ports.executor.submit(spec).catch(asFailure)
    if ('message' in submitted) return await closeRun(tracked, begun, failed(plan, body, submitted), 'failed')
    const handle = handleOf(settings, plan, ports, body, submitted)
    const go = async (own: TrackedRun | undefined): Promise<Found> => {
      if (ports.executor.isLasting) await publish(settings, ports, handle)
      if (settings.detach) return detached(settings, plan, ports, body, handle)
      return conclude({ settings, plan, ports, folder: output, handle, reason, tracked: own })
    }
    if (submitted.runId === runId) return await go(tracked)
    // Somebody else submitted the same training in between: its run is the one to log to.
    await tracked?.discard()
    return await inTrackedRun({ ...begun, runId: submitted.runId }, go)
  } finally {
    await rm(output, { recursive: true, force: true })
  }
}

/** Takes up a training that was submitted before, here or elsewhere. */
export async function attachTo(handle: Handle, settings: TrainSettings, plan: Plan, ports: Ports): Promise<Found> {
  await refuseOtherJob(handle, ports)
  ports.log.info(`Attached to run ${handle.runId}, submitted at ${handle.startedAt}.`)
  const reason = `attached to run ${handle.runId}.`
  const begun = { settings, plan, ports, reason, startedAt: new Date(handle.startedAt), runId: handle.runId }
  return inTrackedRun(begun, async (tracked) => {
    const folder = await openOutput(settings.workFolder, handle.runId)
    try {
      return await conclude({ settings, plan, ports, folder, handle, reason, tracked })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
}

/**
 * A handle may come from anywhere: the job that it names would be collected, and ended and removed when this is
 * cancelled. One that is gone is told as lost.
 */
async function refuseOtherJob({ job, model, key, runId }: Handle, { executor }: Ports): Promise<void> {
  if (!executor.isLasting)
    throw new UserError({
      what: `\`attach\`: a training by \`executor: ${executor.name}\` ends with the job that started it.`,
      fix: 'Train again: run it without `attach`.',
    })
  const there = await executor.identify(job)
  if (there?.model === model && there.key === key && there.runId === runId) return
  if (there === undefined && (await executor.status(job)).cause === 'lost') return
  const is = there === undefined ? 'no training of Headgate’s' : `run ${there.runId} of ${there.model}`
  throw new UserError({
    what: `\`attach\`: the handle says run ${runId} of ${model}, and the job that it names is ${is}. It was left alone.`,
    fix: 'Give the output `handle` of the step that submitted, as it is.',
  })
}

function trackedBody(plan: Plan, run: Training['run'], reason: string, tracked: TrackedRun | undefined): Training {
  return { ...bodyOf(plan, run, reason), tracking: tracked ? { ...tracked.reference, notLogged: [] } : null }
}

function cannotDetach({ executor }: Ports): UserError {
  const what = `\`detach\`: a training by \`executor: ${executor.name}\` ends with the job that started it.`
  return new UserError({ what, fix: 'Train within the job, or use docker, kubernetes, ray or spark.' })
}

function asFailure(error: unknown): Failure {
  if (error instanceof UserError) return fromUserError(error)
  throw error
}

function handleOf(
  settings: TrainSettings,
  plan: Plan,
  ports: Ports,
  { run }: Training,
  { job, runId }: { readonly job: Job; readonly runId: string },
): Handle {
  return {
    schema: 'headgate/handle@1',
    model: settings.model,
    runId,
    executor: ports.executor.name,
    key: plan.key,
    commit: ports.commit,
    trust: trustOf(ports.context),
    startedAt: run.startedAt,
    job: { ...job },
  }
}

async function publish(settings: TrainSettings, ports: Ports, handle: Handle): Promise<void> {
  await writeHandle(settings.workFolder, handle)
  await ports.publish({ handle: handleText(handle), 'run-id': handle.runId })
}

function detached(settings: TrainSettings, plan: Plan, ports: Ports, body: Training, handle: Handle): Found {
  const file = pathFrom(ports.workspace, handleFile(settings.workFolder))
  const next = `To go on, give \`attach\` the output \`handle\`, or ${file}.`
  const summary = `Submitted to ${handle.executor} as run ${handle.runId}, and not waited for. ${next}`
  const run = { ...body.run, id: handle.runId, handle: handleText(handle) }
  return { verdict: 'inconclusive', exitCode: 0, summary, inputs: inputsOf(plan), body: { ...body, run } }
}

interface Course {
  readonly settings: TrainSettings
  readonly plan: Plan
  readonly ports: Ports
  /** Where the output comes to lie first. */
  readonly folder: string
  readonly handle: Handle
  readonly reason: string
  readonly tracked: TrackedRun | undefined
}

/** Follows a job to its end, brings what it left, and puts it in place. */
async function conclude(course: Course): Promise<Found> {
  const { settings, plan, ports, handle, folder } = course
  const { executor } = ports
  const title = `Training: ${commandText(plan.command)}`
  if (executor.isLasting) ports.keep(handleText(handle))
  const ended = await ports.log
    .quote(title, (show) => watch(executor, handle.job, watchOptions(course, show)))
    .catch((error: unknown) => {
      // Cancelled, and nothing runs any more: only then is the signal's own reason thrown.
      if (error === ports.signal.reason) ports.keep('')
      throw error
    })
  const body = trackedBody(plan, ranOf(course, ended), course.reason, course.tracked)
  const cell = await collect(course, ended)
  const failure = failureOf(ended, plan, settings, cell)
  const got = failure ? failed(plan, body, failure) : await finish(settings, plan, ports, body, folder)
  const found = await withExecuted(course, got)
  const end = found.body.error === undefined ? 'finished' : ended.state === 'cancelled' ? 'killed' : 'failed'
  const logged = await closeRun(course.tracked, course, found, end)
  if (end === 'finished') await keep(settings, plan, ports, logged.body, logged.inputs)
  await executor.release(handle.job)
  ports.keep('')
  return logged
}

/** Brings what a job left: of one that failed only a notebook, and the cell at which it stopped. */
async function collect({ plan, ports, handle, folder }: Course, ended: Ended): Promise<FailedCell | undefined> {
  const bring = (): Promise<void> => ports.executor.collect(handle.job, folder)
  if (ended.state === 'succeeded') await bring()
  if (plan.notebook === undefined) return undefined
  if (ended.state !== 'succeeded')
    await bring().catch((error: unknown) =>
      ports.log.warning(`The executed notebook was not brought: ${messageOf(error)}`),
    )
  return readExecuted(folder, plan.notebook, ports.secrets)
}

/** Keeps the executed notebook of a training that failed. */
async function withExecuted({ plan, settings, ports, folder }: Course, found: Found): Promise<Found> {
  if (found.body.error === undefined || plan.notebook === undefined) return found
  const artifacts = [...(await keepFailed(settings.workFolder, folder))]
  const page = artifacts.find(({ path }) => path.endsWith('.html')) ?? artifacts[0]
  const where = page && pathFrom(ports.workspace, join(settings.workFolder, 'failed', page.path))
  const remedy = `${found.body.error.remedy}${where ? ` The notebook as far as it ran: ${where}.` : ''}`
  return { ...found, body: { ...found.body, artifacts, error: { ...found.body.error, remedy } } }
}

function watchOptions(
  { settings, ports, handle }: Course,
  onLine: (line: string) => void,
): Parameters<typeof watch>[2] {
  const { timeout } = settings
  return {
    onLine,
    tell: (message) => ports.log.notice(message),
    hide: masker(ports.secrets),
    deadline: timeout === undefined ? undefined : Date.parse(handle.startedAt) + timeout,
    signal: ports.signal,
  }
}

function ranOf({ plan, ports, handle }: Course, ended: Ended): Training['run'] {
  return {
    ...describe(plan, handle.executor, handle.runId, new Date(handle.startedAt)),
    handle: ports.executor.isLasting ? handleText(handle) : null,
    finishedAt: (ended.endedAt === undefined ? ports.now() : new Date(ended.endedAt)).toISOString(),
    exitCode: ended.exitCode,
    peakMemoryBytes: ended.peakMemoryBytes ?? null,
  }
}

async function finish(
  settings: TrainSettings,
  plan: Plan,
  ports: Ports,
  described: Training,
  folder: string,
): Promise<Found> {
  const output = await outputOf(settings, plan, ports, folder).catch(asFailure)
  if ('message' in output) return failed(plan, described, output)
  await swapOutput(settings.workFolder, folder, described.run.id)
  const path = pathFrom(ports.workspace, join(settings.workFolder, 'output', 'model'))
  const { metrics, predictions, dvc } = output
  const artifacts = [...output.artifacts]
  const modelArtifact = { path, ...output.model }
  const body: Training = { ...described, artifacts, metrics, predictions, modelArtifact, ...(dvc ? { dvc } : {}) }
  return { verdict: 'pass', summary: `${summaryOf(body)}${locksChanged(body)}`, inputs: inputsOf(plan), body }
}

async function outputOf(
  settings: TrainSettings,
  plan: Plan,
  ports: Ports,
  folder: string,
): Promise<Output & Pick<Training, 'dvc'>> {
  if (plan.locks === undefined) return readOutput(folder)
  const { variables: environment, secrets, signal } = dataPlaceOf(settings, ports)
  const place = { folder: ports.workspace, environment, secrets, signal }
  const dvc = await gather(folder, settings.dvc, place, plan.locks)
  return { ...(await readOutput(folder)), dvc }
}

/** Results that only this machine has until they are committed and pushed. */
function locksChanged({ dvc }: Training): string {
  const changed = (dvc?.locks ?? []).filter((lock) => lock.changed)
  if (changed.length === 0) return ''
  const named = changed.map(({ path, digest }) => `${path} (${digest.slice(0, 'sha256:'.length + 12)})`).join(', ')
  return ` ${named} changed: commit it, after \`dvc push\`.`
}

function failed(plan: Plan, body: Training, error: Failure): Found {
  const [first = ''] = error.message.split('\n')
  const summary = `Training failed: ${first.replace(/ Its last lines:$/, '')}`
  return { verdict: 'fail', exitCode: 2, summary, inputs: inputsOf(plan), body: { ...body, error } }
}

function summaryOf({ run: ran, data, artifacts, metrics }: Training): string {
  const time = Date.parse(ran.finishedAt ?? ran.startedAt) - Date.parse(ran.startedAt)
  const memory = ran.peakMemoryBytes === null ? '' : ` and at most ${mebibytes(ran.peakMemoryBytes)}`
  const shown = Object.entries(metrics).slice(0, 3)
  const measured =
    shown.length === 0
      ? ''
      : `: ${shown.map(([name, value]) => `${name} ${value === null ? 'not finite' : Number(value.toPrecision(4))}`).join(', ')}`
  return `Trained on ${counted(data.length, 'input')} in ${duration(time)}${memory}; ${counted(artifacts.length, 'file')} left${measured}.`
}
