import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { endProcessGroup, type ProcessIdentity, readService } from '@headgate/systems'

interface Served {
  readonly process: ProcessIdentity
}

/** Ends the services and the front that deployments below this folder started: by their own records, no others. */
export async function stopServices(folder: string): Promise<void> {
  const identities: ProcessIdentity[] = []
  for (const file of globSync('**/state.json', { cwd: folder })) {
    const state = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, Served | null | number>
    for (const part of Object.values(state))
      if (typeof part === 'object' && part !== null && 'process' in part) identities.push(part.process)
  }
  for (const file of globSync('**/*.pid', { cwd: folder })) {
    const identity = await readService(join(folder, file))
    if (identity) identities.push(identity)
  }
  await Promise.all(identities.map((identity) => endProcessGroup(identity, 1000)))
}
