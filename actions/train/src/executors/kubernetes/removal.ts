import { setTimeout as sleep } from 'node:timers/promises'
import { OutsideError } from '@headgate/core'
import { ask, type Cluster } from '@headgate/systems/kubernetes'
import type { Job } from '../port.ts'
import { podsOf, readJob } from './sight.ts'

const goneWithinMs = 60_000
const lookEveryMs = 250

/** Deletes a Job with its pods and Secrets, and waits until nothing of it runs. Another of its name is left alone. */
export async function removeJob(cluster: Cluster, handle: Job): Promise<void> {
  const { namespace, batch } = cluster
  const { name, uid } = { name: String(handle.name), uid: String(handle.uid) }
  await ask(
    cluster,
    `The Job ${name} was deleted.`,
    () =>
      batch.deleteNamespacedJob({ name, namespace, body: { propagationPolicy: 'Foreground', preconditions: { uid } } }),
    [404, 409],
  )
  await waitUntilGone(cluster, handle)
}

export async function waitUntilGone(cluster: Cluster, handle: Job): Promise<void> {
  const deadline = Date.now() + goneWithinMs
  while ((await readJob(cluster, handle)) !== undefined) {
    if (Date.now() > deadline) throw await stillThere(cluster, handle)
    await sleep(lookEveryMs)
  }
}

/** A node that does not answer keeps its pods for the cluster. */
async function stillThere(cluster: Cluster, handle: Job): Promise<OutsideError> {
  const { namespace, core } = cluster
  const list = await ask(cluster, `The pods of ${handle.name} were listed.`, () =>
    core.listNamespacedPod({ namespace, labelSelector: podsOf(handle) }),
  )
  const pods = (list?.items ?? []).map(({ metadata, spec }) => `${metadata?.name} on the node ${spec?.nodeName ?? '?'}`)
  return new OutsideError({
    tried: `The Job ${handle.name} was deleted.`,
    state: `After 60 s it is still there${pods.length === 0 ? '' : `, with ${pods.join(', ')}`}.`,
    next: `See whether the node is well, and delete the pod by force: \`kubectl delete pod --force --namespace ${namespace} …\`.`,
  })
}
