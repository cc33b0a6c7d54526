import type { RaySettings } from './settings.ts'

/** What the command reserves of the cluster, in words for a bill. */
export function sizeOf({ resources: { cpus, gpus, memory, custom } }: Pick<RaySettings, 'resources'>): string | null {
  const parts = [
    ...(cpus === undefined ? [] : [`${cpus} CPUs`]),
    ...(gpus === undefined ? [] : [`${gpus} GPUs`]),
    ...(memory === undefined ? [] : [`memory ${memory / 1e9} GB`]),
    ...Object.entries(custom).map(([name, amount]) => `${name} ${amount}`),
  ]
  return parts.length === 0 ? null : parts.join(', ')
}
