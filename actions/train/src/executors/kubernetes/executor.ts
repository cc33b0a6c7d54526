import { mkdir } from 'node:fs/promises'
import { UserError } from '@headgate/core'
import { type Cluster, connect } from '@headgate/systems/kubernetes'
import type { Executor, Job } from '../port.ts'
import { isOver } from '../watch.ts'
import { clearClaim, openClaim } from './claim.ts'
import { copyOut } from './collection.ts'
import { followJob, type Place } from './follow.ts'
import { noteOf } from './labels.ts'
import { keeper, output } from './names.ts'
import { removeJob } from './removal.ts'
import type { KubernetesSettings } from './settings.ts'
import { listJobs, lookAt, readJob } from './sight.ts'
import { sizeOf } from './size.ts'
import { containerOf, currentPod, statusOf } from './status.ts'
import { submitJob } from './submission.ts'

export interface KubernetesOptions {
  readonly settings: KubernetesSettings
  /** Absolute path of the work tree. */
  readonly workspace: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Runs trainings as Jobs of a cluster. Asks nobody until it is used. */
export function kubernetesExecutor({ settings, workspace, environment }: KubernetesOptions): Executor {
  const { kubeconfig, context, namespace } = settings
  const cluster = connect({ kubeconfig, context, namespace, folder: workspace, environment })
  const places = new Map<string, Place>()
  const status = async (job: Job) => statusOf(await lookAt(inItsNamespace(cluster, job), job), settings, new Date())
  return {
    name: 'kubernetes',
    isLasting: true,
    reads: 'urls',
    machine: { isThis: false, size: sizeOf(settings) },
    image: async () => settings.image,
    submit: (spec) => submitJob(cluster, settings, spec),
    identify: async (job) => {
      const there = await readJob(inItsNamespace(cluster, job), job)
      return there && noteOf(there)
    },
    status,
    follow: (job, seen, onLine, signal) =>
      followJob(inItsNamespace(cluster, job), places, job, { seen, onLine, signal }),
    cancel: async (job) => {
      const now = await status(job)
      if (!isOver(now) || now.state === 'cancelled') await removeJob(inItsNamespace(cluster, job), job)
    },
    collect: (job, into) => collect(inItsNamespace(cluster, job), settings, job, into),
    release: async (job) => {
      const there = inItsNamespace(cluster, job)
      // What has not run has left nothing on the volume.
      if (settings.volumeClaim !== undefined && (await status(job)).exitCode !== null)
        await clearClaim(there, settings, job)
      await removeJob(there, job)
    },
    list: (model) => listJobs(cluster, model, settings),
  }
}

/** A handle says where its Job is, whatever the settings say by now. */
function inItsNamespace(cluster: Cluster, { namespace }: Job): Cluster {
  return { ...cluster, namespace: String(namespace) }
}

async function collect(cluster: Cluster, settings: KubernetesSettings, job: Job, into: string): Promise<void> {
  await mkdir(into, { recursive: true })
  if (settings.volumeClaim !== undefined) return copyOut(cluster, await openClaim(cluster, settings, job), into)
  const pod = currentPod((await lookAt(cluster, job)).pods)
  const waiting = pod && containerOf(pod, keeper)?.state
  // It ends at once where there is nothing to collect.
  if (waiting?.terminated?.exitCode === 0) return
  if (pod?.metadata?.name === undefined || !waiting?.running)
    throw new UserError({
      what: `the output of ${job.name} is gone: its pod has ended before it was collected.`,
      fix: 'Train again; raise `kubernetes: {keep-for}`, or keep output on a volume by `kubernetes: {volume-claim}`.',
    })
  await copyOut(cluster, { pod: pod.metadata.name, container: keeper, folder: output }, into)
}
