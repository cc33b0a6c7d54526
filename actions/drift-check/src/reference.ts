import { resolve } from 'node:path'
import type { Profile } from '@headgate/core'
import { digestOf, digestOfValue, parseDocument, UserError } from '@headgate/core'
import { readText } from '@headgate/files'
import { dataState, findSource, openTable } from '@headgate/tables'
import type { Ports } from './ports.ts'
import type { Side } from './side.ts'

/** What current data is compared with: data, a profile's file, or the champion's profile. */
export async function openReference(reference: string, ports: Ports): Promise<Side> {
  if (reference === 'champion') {
    const { version, profile } = await ports.champion()
    return { kind: 'profile', profile, source: `champion ${version}`, digest: digestOfValue(profile) }
  }
  if (reference.endsWith('.json')) return openProfile(reference, ports.workspace)
  const engine = await ports.engine()
  const table = await openTable(engine, await findSource(reference, ports.workspace))
  return { kind: 'data', table, digest: (await dataState(table)).digest }
}

async function openProfile(path: string, workspace: string): Promise<Side> {
  const text = await readText(resolve(workspace, path))
  if (text === undefined)
    throw new UserError({ what: 'there is no such profile.', where: { file: path }, fix: 'Check `reference`.' })
  const profile: Profile = parseDocument('profile', text, path)
  return { kind: 'profile', profile, source: path, digest: digestOf(text) }
}

/** What a document says of the reference. */
export function describeReference(side: Side): { source: string; rows: number } {
  if (side.kind === 'data') return { source: side.table.source.location, rows: side.table.rows }
  return { source: side.source, rows: side.profile.data.rows }
}
