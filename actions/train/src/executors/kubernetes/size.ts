import type { KubernetesSettings } from './settings.ts'

/** What is asked of the cluster, in words for a bill: the nodes, and the resources by their names. */
export function sizeOf({ nodeSelector, resources }: KubernetesSettings): string | null {
  const amounts = Object.entries({ ...resources.requests, ...resources.limits })
  const nodes = Object.entries(nodeSelector).map(([label, value]) => `${label}=${value}`)
  const parts = [...nodes, ...amounts.map(([name, amount]) => `${name} ${amount}`)]
  return parts.length === 0 ? null : parts.join(', ')
}
