import type { ContainerStatus, Event, KubernetesJob, Pod } from '@headgate/systems/kubernetes'
import { z } from 'zod'
import type { JobStatus } from '../port.ts'
import { keeper, preparer, timeoutCode, trainer, uncollectedCode } from './names.ts'
import type { KubernetesSettings } from './settings.ts'

/** What the cluster says of one training. */
export interface Sight {
  readonly job: KubernetesJob | undefined
  readonly pods: readonly Pod[]
  /** Of the Job, where there is no pod. */
  readonly events: readonly Event[]
}

type Bounds = Pick<KubernetesSettings, 'startWithin'>

/** What a cluster’s sight of a training means. */
export function statusOf(sight: Sight, { startWithin }: Bounds, now: Date): JobStatus {
  const { job, events } = sight
  if (job === undefined) return failed('lost', 'its Job is not there any more')
  if (job.metadata?.deletionTimestamp) return { state: 'cancelled', exitCode: null, message: 'its Job was deleted' }
  const pod = currentPod(sight.pods)
  const failure = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Failed' || type === 'FailureTarget') && status === 'True',
  )
  const ended = pod && !isDisrupted(pod) ? endOf(pod) : undefined
  if (failure?.reason === 'DeadlineExceeded' && ended?.state !== 'succeeded')
    return failed('timeout', 'activeDeadlineSeconds has passed')
  if (ended) return ended
  if (failure) return failed('lost', failure.message ?? failure.reason)
  if (isComplete(job)) return { state: 'succeeded', exitCode: 0 }
  if (pod === undefined) return refusal(events) ?? { state: 'waiting', exitCode: null }
  if (isDisrupted(pod)) return { state: 'waiting', exitCode: null, message: 'its node was taken away' }
  if (containerOf(pod, trainer)?.state?.running) return { state: 'running', exitCode: null }
  return stuck(pod, startWithin, now) ?? { state: 'waiting', exitCode: null }
}

/** The pod that counts: an earlier one was lost with its node. */
export function currentPod(pods: readonly Pod[]): Pod | undefined {
  const age = ({ metadata }: Pod): number => new Date(metadata?.creationTimestamp ?? 0).getTime()
  return pods.toSorted((a, b) => age(b) - age(a))[0]
}

export function containerOf({ status }: Pod, name: string): ContainerStatus | undefined {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].find(
    (one) => one.name === name,
  )
}

/** Whether following waits in vain: it has a log, or something to be told. */
export function hasNews(pods: readonly Pod[]): boolean {
  const pod = currentPod(pods)
  if (pod === undefined) return false
  const state = containerOf(pod, trainer)?.state
  return (
    Boolean(state?.running ?? state?.terminated) || endOf(pod) !== undefined || stuck(pod, 0, new Date()) !== undefined
  )
}

function isComplete({ status }: KubernetesJob): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Complete' && is === 'True') ?? false
}

function isDisrupted({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True') ?? false
}

function failed(
  cause: NonNullable<JobStatus['cause']>,
  message: string | undefined,
  exitCode: number | null = null,
): JobStatus {
  return { state: 'failed', exitCode, cause, message }
}

/** How a pod’s training ended; `undefined` while it has not. */
function endOf(pod: Pod): JobStatus | undefined {
  const prepared = containerOf(pod, preparer)?.state?.terminated
  if (prepared && prepared.exitCode !== 0)
    return failed('start', `its code could not be unpacked: ${prepared.message?.trim() || prepared.reason}`)
  const ended = containerOf(pod, trainer)?.state?.terminated
  if (ended === undefined)
    return pod.status?.phase === 'Failed' ? failed('lost', pod.status.message ?? pod.status.reason) : undefined
  const { exitCode, reason, message } = ended
  const told = toldBy(message)
  const peakMemoryBytes = told.peakMemoryBytes
  if (notStarted.has(reason ?? '')) return failed('start', message ?? reason)
  if (exitCode === 0) {
    const waited = containerOf(pod, keeper)?.state?.terminated
    if (waited?.exitCode === uncollectedCode)
      return failed('lost', 'it succeeded, but nobody collected its output within `keep-for`', 0)
    return { state: 'succeeded', exitCode, peakMemoryBytes }
  }
  if (reason === 'OOMKilled') return { ...failed('memory', 'OOMKilled', exitCode), peakMemoryBytes }
  if (exitCode === timeoutCode && told.code === timeoutCode) return { ...failed('timeout', undefined), peakMemoryBytes }
  const signal = signals.get(exitCode)
  return signal ? { ...failed('signal', signal), peakMemoryBytes } : { state: 'failed', exitCode, peakMemoryBytes }
}

const notStarted: ReadonlySet<string> = new Set(['StartError', 'ContainerCannotRun', 'CreateContainerError'])

/** As shells tell a signal. */
const signals: ReadonlyMap<number, string> = new Map([
  [137, 'SIGKILL'],
  [143, 'SIGTERM'],
])

const toldSchema = z.object({ peakMemoryBytes: z.number().nullable().default(null), code: z.number().optional() })

/** What the trainer’s script has said last. */
function toldBy(message: string | undefined): z.output<typeof toldSchema> {
  try {
    return toldSchema.parse(JSON.parse(message ?? '{}'))
  } catch {
    return { peakMemoryBytes: null }
  }
}

/** Waiting that has no end unless somebody mends something. */
const lasting: ReadonlySet<string> = new Set([
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
])

function stuck(pod: Pod, startWithinMs: number, now: Date): JobStatus | undefined {
  const containers = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  for (const { image, state } of containers) {
    const { reason, message } = state?.waiting ?? {}
    if (reason === undefined || !lasting.has(reason)) continue
    return failed('start', `${reason}: ${message ?? image}`)
  }
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  const waited = now.getTime() - new Date(pod.metadata?.creationTimestamp ?? now).getTime()
  if (scheduled?.reason !== 'Unschedulable' || waited < startWithinMs) return undefined
  return failed('start', `no node takes it: ${scheduled.message ?? 'unschedulable'}`)
}

/** Why the Job’s controller may not make a pod, as a quota or a rule of the namespace says it. */
function refusal(events: readonly Event[]): JobStatus | undefined {
  const refused = events.find(
    ({ reason, message }) => reason === 'FailedCreate' && /forbidden|not found|invalid/i.test(message ?? ''),
  )
  return refused && failed('start', refused.message?.replace(/^Error creating: /, ''))
}
