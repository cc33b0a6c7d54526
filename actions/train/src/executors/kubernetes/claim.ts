import { PassThrough } from 'node:stream'
import { OutsideError } from '@headgate/core'
import { ask, type Cluster, fillFrom, waitForPods } from '@headgate/systems/kubernetes'
import type { Job } from '../port.ts'
import type { Source } from './collection.ts'
import { outputFolder, small } from './job.ts'
import type { KubernetesSettings } from './settings.ts'

// Output on a volume outlives its pod. Nobody outside the cluster can read a volume: a small pod is made that can.

const container = 'collect'
const folder = '/claim'
const startsWithinMs = 5 * 60_000
const livesSeconds = 6 * 3600

/** A pod that sees the training’s output, which goes with the Job. */
export async function openClaim(cluster: Cluster, settings: KubernetesSettings, job: Job): Promise<Source> {
  const { namespace, core } = cluster
  const name = podName(job)
  await ask(
    cluster,
    `The pod ${name} was made.`,
    () => core.createNamespacedPod({ namespace, body: podOf(settings, job) }),
    [409],
  )
  const isRunning = (phase: string | undefined): boolean => phase === 'Running'
  const selector = `headgate/collects=${job.uid}`
  const signal = new AbortController().signal
  const pods = await waitForPods(cluster, selector, ([pod]) => isRunning(pod?.status?.phase), {
    withinMs: startsWithinMs,
    signal,
  })
  const status = pods[0]?.status
  if (isRunning(status?.phase)) return { pod: name, container, folder: `${folder}/${outputFolder(String(job.name))}` }
  const waiting = status?.containerStatuses?.[0]?.state?.waiting
  const why = waiting?.message ?? waiting?.reason ?? status?.conditions?.find(({ message }) => message)?.message
  throw new OutsideError({
    tried: `The pod ${name} was made, which reads the output from the volume.`,
    state: `It did not start within 5 minutes: ${why ?? status?.phase ?? 'it is gone'}.`,
    next: 'Mend what it says, and attach to the training again: its output stays on the volume.',
  })
}

/** Removes the training’s folder from the volume. */
export async function clearClaim(cluster: Cluster, settings: KubernetesSettings, job: Job): Promise<void> {
  const source = await openClaim(cluster, settings, job)
  const nothing = new PassThrough().resume()
  await fillFrom(cluster, { ...source, command: ['rm', '-rf', source.folder] }, nothing)
}

function podName({ name }: Job): string {
  return `${name}-collect`
}

function podOf(settings: KubernetesSettings, job: Job) {
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: String(job.name), uid: String(job.uid) }
  const sleeps = small(settings, container, [
    '/bin/sh',
    '-c',
    'trap exit TERM; sleep "$0" & wait $!',
    String(livesSeconds),
  ])
  return {
    metadata: {
      name: podName(job),
      labels: { 'app.kubernetes.io/managed-by': 'headgate', 'headgate/collects': String(job.uid) },
      ownerReferences: [{ ...owner, blockOwnerDeletion: true }],
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      activeDeadlineSeconds: livesSeconds,
      automountServiceAccountToken: false,
      imagePullSecrets: settings.imagePullSecrets.map((name) => ({ name })),
      nodeSelector: settings.nodeSelector,
      tolerations: settings.tolerations,
      containers: [{ ...sleeps, volumeMounts: [{ name: 'claim', mountPath: folder }] }],
      volumes: [{ name: 'claim', persistentVolumeClaim: { claimName: settings.volumeClaim ?? '' } }],
    },
  }
}
