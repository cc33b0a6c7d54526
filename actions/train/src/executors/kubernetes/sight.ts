import { ask, type Cluster, type KubernetesJob } from '@headgate/systems/kubernetes'
import type { Job, ListedJob } from '../port.ts'
import { listedJob, selectorOf } from './labels.ts'
import type { KubernetesSettings } from './settings.ts'
import { type Sight, statusOf } from './status.ts'

/** By what a Job is found again. */
export function handleOf(job: KubernetesJob): Job {
  const { name = '', namespace = '', uid = '' } = job.metadata ?? {}
  return { name, namespace, uid }
}

/** A Job of this name; with a uid, only that one. */
export async function readJob(cluster: Cluster, { name, uid }: Job): Promise<KubernetesJob | undefined> {
  const { namespace, batch } = cluster
  const found = await ask(
    cluster,
    `The Job ${name} was asked for.`,
    () => batch.readNamespacedJob({ name: String(name), namespace }),
    [404],
  )
  return uid === undefined || found?.metadata?.uid === uid ? found : undefined
}

export function podsOf({ uid }: Job): string {
  return `batch.kubernetes.io/controller-uid=${uid}`
}

export async function lookAt(cluster: Cluster, handle: Job): Promise<Sight> {
  const job = await readJob(cluster, handle)
  return job === undefined ? { job, pods: [], events: [] } : lookAround(cluster, job)
}

/** A Job’s pods and, where it has none, what was said of that. */
export async function lookAround(cluster: Cluster, job: KubernetesJob): Promise<Sight> {
  const { namespace, core } = cluster
  const handle = handleOf(job)
  const list = await ask(cluster, `The pods of ${handle.name} were listed.`, () =>
    core.listNamespacedPod({ namespace, labelSelector: podsOf(handle) }),
  )
  const pods = list?.items ?? []
  if (pods.length > 0) return { job, pods, events: [] }
  const fieldSelector = `involvedObject.uid=${handle.uid}`
  const events = await ask(
    cluster,
    `The events of ${handle.name} were listed.`,
    () => core.listNamespacedEvent({ namespace, fieldSelector }),
    [403],
  )
  return { job, pods, events: events?.items ?? [] }
}

/** The trainings of a model that are in the namespace. */
export async function listJobs(cluster: Cluster, model: string, settings: KubernetesSettings): Promise<ListedJob[]> {
  const { namespace, batch } = cluster
  const list = await ask(cluster, `The Jobs of ${model} were listed.`, () =>
    batch.listNamespacedJob({ namespace, labelSelector: selectorOf(model) }),
  )
  const listed: ListedJob[] = []
  for (const job of list?.items ?? []) {
    if (job.metadata?.deletionTimestamp) continue
    const { state } = statusOf(await lookAround(cluster, job), settings, new Date())
    const found = listedJob(job, state, handleOf(job))
    if (found) listed.push(found)
  }
  return listed
}
