import { readFile } from 'node:fs/promises'
import { memoryOf } from '../process/group.ts'
import type { Container } from './containers.ts'

/**
 * Resident memory of a container’s processes, read from this machine; `undefined` where it runs on another, or the
 * system does not tell. The id in its control group says that the process is really its own.
 */
export async function containerMemory({ id, state }: Container): Promise<number | undefined> {
  if (state.pid === 0 || process.platform !== 'linux') return undefined
  const groups = await readFile(`/proc/${state.pid}/cgroup`, 'utf8').catch(() => '')
  const own = groups.split('\n').find((line) => line.includes(id))
  if (own === undefined) return undefined
  const pids = await processesOf(own)
  const memory = await memoryOf(pids.length === 0 ? [state.pid] : pids)
  return memory.peakBytes === 0 ? undefined : memory.peakBytes
}

/** The processes of a control group, by its line in `/proc/<pid>/cgroup`: `4:memory:/path`, `0::/path` in version 2. */
async function processesOf(line: string): Promise<number[]> {
  const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
  const folder = controllers === '' ? '' : `/${controllers.replace(/^name=/, '')}`
  const text = await readFile(`/sys/fs/cgroup${folder}${path}/cgroup.procs`, 'utf8').catch(() => '')
  return text.split('\n').filter(Boolean).map(Number)
}
