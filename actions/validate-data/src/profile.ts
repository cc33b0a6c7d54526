import type { Profile } from '@headgate/core'
import { UserError } from '@headgate/core'
import type { Engine } from '@headgate/tables'
import { buildProfile, findSource, openTable } from '@headgate/tables'

/**
 * The profile of data without a contract, for `headgate profile`.
 * @param data a path, a folder or a glob, relative to `workspace`
 * @param reference the profile whose edges and types are taken
 */
export async function profileData(
  data: string,
  ports: { readonly workspace: string; readonly openEngine: () => Promise<Engine> },
  reference?: Profile,
): Promise<Profile> {
  const source = await findSource(data, ports.workspace)
  const engine = await ports.openEngine()
  try {
    const types = Object.fromEntries((reference?.columns ?? []).map((column) => [column.column, column.type]))
    const table = await openTable(engine, source, { types })
    if (table.rows === 0) throw new UserError({ what: 'the data has no rows.', where: { file: source.location } })
    return await buildProfile(table, { reference })
  } finally {
    await engine.close()
  }
}
