import { splitLines } from '../process/lines.ts'
import type { Cluster, Pod } from './client.ts'
import { ask } from './client.ts'
import { openStream } from './stream.ts'

/**
 * The pods of a selector, once they are as asked for, or when the time is up. Whatever ends a watch early (the server
 * ended it, history was compacted: 410), the pods are simply listed again.
 */
export async function waitForPods(
  cluster: Cluster,
  selector: string,
  isAsAsked: (pods: readonly Pod[]) => boolean,
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<readonly Pod[]> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const { items, version } = await listPods(cluster, selector)
    const leftMs = deadline - Date.now()
    if (isAsAsked(items) || leftMs <= 0 || signal.aborted) return items
    await nextChange(cluster, selector, version, AbortSignal.any([signal, AbortSignal.timeout(leftMs)]))
  }
}

async function listPods(cluster: Cluster, labelSelector: string): Promise<{ items: readonly Pod[]; version: string }> {
  const { namespace, core } = cluster
  const list = await ask(cluster, `The pods of ${labelSelector} were listed.`, () =>
    core.listNamespacedPod({ namespace, labelSelector }),
  )
  return { items: list?.items ?? [], version: list?.metadata?.resourceVersion ?? '' }
}

/** Waits for the first event. A watch that is refused or cut ends it too, after a moment. */
async function nextChange(cluster: Cluster, selector: string, version: string, signal: AbortSignal): Promise<void> {
  const seen = new AbortController()
  const query = { watch: 'true', labelSelector: selector, resourceVersion: version }
  const path = `/api/v1/namespaces/${cluster.namespace}/pods`
  const lines = splitLines(
    () => seen.abort(),
    (line) => line,
  )
  try {
    const stream = await openStream(cluster, path, query, AbortSignal.any([signal, seen.signal]))
    for await (const chunk of stream) lines.write(chunk as Buffer)
  } catch {
    if (seen.signal.aborted || signal.aborted) return
  }
  await pause(seen.signal.aborted ? 0 : 1000, signal)
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (ms === 0 || signal.aborted) return resolve()
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
