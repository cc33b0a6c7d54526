import { setTimeout as sleep } from 'node:timers/promises'
import { OutsideError, UserError } from '@headgate/core'
import { ask, type Cluster, type KubernetesJob } from '@headgate/systems/kubernetes'
import type { Executor, Job, Spec } from '../port.ts'
import { type Blueprint, blueprintOf } from './job.ts'
import { isReady, noteOf, readyAnnotation } from './labels.ts'
import { packTraining } from './packing.ts'
import { removeJob, waitUntilGone } from './removal.ts'
import type { KubernetesSettings } from './settings.ts'
import { handleOf, lookAround, readJob } from './sight.ts'
import { statusOf } from './status.ts'

const tries = 5
const readyWithinMs = 20_000

/**
 * The Job is made first, suspended, then the Secrets that it owns, then it is released: whoever is cut off in between
 * leaves nothing that runs, and nothing without an owner. Of two that submit at once one makes the Job.
 */
export async function submitJob(
  cluster: Cluster,
  settings: KubernetesSettings,
  spec: Spec,
): ReturnType<Executor['submit']> {
  let blueprint: Blueprint | undefined
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const there = await readJob(cluster, { name: spec.name })
    if (there) {
      const runId = await takeOver(cluster, settings, there)
      if (runId !== undefined) return { job: handleOf(there), runId, isNew: false }
    }
    if (blueprint === undefined) {
      blueprint = blueprintOf(spec, settings, await packTraining(spec))
      await refuseWhatCannotRun(cluster, settings, blueprint)
    }
    const job = await begin(cluster, blueprint)
    if (job) return { job, runId: spec.runId, isNew: true }
  }
  throw new OutsideError({
    tried: `The Job ${spec.name} was made ${tries} times.`,
    state: 'Each time somebody else had made it, and their training had failed.',
    next: 'Wait for the other jobs that train this model, and run it again.',
  })
}

/** The run of a Job that is of use; one that is of none is removed. */
async function takeOver(
  cluster: Cluster,
  settings: KubernetesSettings,
  job: KubernetesJob,
): Promise<string | undefined> {
  const handle = handleOf(job)
  const note = noteOf(job)
  if (note === undefined)
    throw new UserError({
      what: `there is a Job ${handle.name} in the namespace ${cluster.namespace} that Headgate did not make.`,
      fix: 'Delete it, or name another namespace by `kubernetes: {namespace: …}`.',
    })
  if (job.metadata?.deletionTimestamp) {
    await waitUntilGone(cluster, handle)
    return undefined
  }
  const { state } = statusOf(await lookAround(cluster, job), settings, new Date())
  if (state !== 'failed' && state !== 'cancelled' && (await becomesReady(cluster, job))) return note.runId
  await removeJob(cluster, handle)
  return undefined
}

/** Whoever makes a Job needs moments. One that stays unfinished was left by somebody who was cut off. */
async function becomesReady(cluster: Cluster, job: KubernetesJob): Promise<boolean> {
  const deadline = Date.now() + readyWithinMs
  let now: KubernetesJob | undefined = job
  while (now && !isReady(now) && Date.now() < deadline) {
    await sleep(500)
    now = await readJob(cluster, handleOf(job))
  }
  return now !== undefined && isReady(now)
}

/** What would be refused later, with nobody there to be told, is refused now. */
async function refuseWhatCannotRun(cluster: Cluster, settings: KubernetesSettings, { job }: Blueprint): Promise<void> {
  if (settings.volumeClaim === undefined) await refuseUncollectable(cluster)
  else await refuseAbsentClaim(cluster, settings.volumeClaim)
  const { namespace, core } = cluster
  const template = job.spec?.template
  const body = { ...template, metadata: { ...template?.metadata, name: job.metadata?.name ?? '' } }
  await ask(cluster, 'A pod of the training was tried (nothing was made).', () =>
    core.createNamespacedPod({ namespace, body, dryRun: 'All' }),
  ).catch((error: unknown) => {
    // Who may make Jobs need not be allowed to make pods.
    const isOurs = error instanceof UserError && error.message.includes('cannot create resource "pods"')
    if (!isOurs) throw error
  })
}

/** Which of the two is asked for depends on the cluster’s version. */
const execVerbs = ['get', 'create']

async function refuseUncollectable(cluster: Cluster): Promise<void> {
  const { namespace, authorization } = cluster
  for (const verb of execVerbs) {
    const resourceAttributes = { namespace, verb, resource: 'pods', subresource: 'exec' }
    const review = await ask(
      cluster,
      'It was asked whether the output can be copied from the pod.',
      () => authorization.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } }),
      [403],
    )
    if (review === undefined || review.status?.allowed) continue
    throw new UserError({
      what: `the account may not run commands in pods of the namespace ${namespace}, so that the output could not be copied from the pod.`,
      fix: 'Give its Role `get, create` on pods/exec.',
    })
  }
}

async function refuseAbsentClaim(cluster: Cluster, name: string): Promise<void> {
  const { namespace, core } = cluster
  const tried = `The volume claim ${name} was asked for.`
  const found = await ask(
    cluster,
    tried,
    async () => (await core.readNamespacedPersistentVolumeClaim({ name, namespace })) && 'found',
    [403, 404],
  )
  if (found !== undefined) return
  throw new UserError({
    what: `\`kubernetes: volume-claim\`: there is no claim ${name} in the namespace ${namespace} that the account may see.`,
    fix: 'Make it before, or name another.',
  })
}

/** @returns `undefined` where somebody else was first. */
async function begin(cluster: Cluster, { job, secrets }: Blueprint): Promise<Job | undefined> {
  const { namespace, batch } = cluster
  const made = await ask(
    cluster,
    `The Job ${job.metadata?.name} was made.`,
    () => batch.createNamespacedJob({ namespace, body: job }),
    [409],
  )
  if (made === undefined) return undefined
  const handle = handleOf(made)
  try {
    for (const [name, values] of Object.entries(secrets)) await makeSecret(cluster, made, name, values)
    await release(cluster, handle)
    return handle
  } catch (error) {
    await removeJob(cluster, handle)
    throw error
  }
}

async function makeSecret(
  cluster: Cluster,
  { metadata }: KubernetesJob,
  name: string,
  values: Readonly<Record<string, Buffer>>,
): Promise<void> {
  const { namespace, core } = cluster
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value.toString('base64')]))
  const owner = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    controller: true,
  }
  const body = { metadata: { name, labels: metadata?.labels ?? {}, ownerReferences: [owner] }, immutable: true, data }
  await ask(cluster, `The Secret ${name} was made.`, () => core.createNamespacedSecret({ namespace, body }), [409])
}

async function release(cluster: Cluster, { name }: Job): Promise<void> {
  const { namespace, batch } = cluster
  const body = [
    { op: 'add', path: `/metadata/annotations/${readyAnnotation.replace('/', '~1')}`, value: 'true' },
    { op: 'replace', path: '/spec/suspend', value: false },
  ]
  await ask(cluster, `The Job ${name} was started.`, () =>
    batch.patchNamespacedJob({ name: String(name), namespace, body }),
  )
}
