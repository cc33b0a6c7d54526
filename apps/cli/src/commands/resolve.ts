import { ledgerSettings, UserError } from '@headgate/core'
import { openRegistry, type Registry } from '@headgate/registries'
import type { Command } from '../command.ts'
import type { Flag } from '../flags.ts'
import { jsonText } from '../json.ts'
import { modelFlags, modelSettings, nameFlag, registryOf } from '../model.ts'

export const versionFlags = [
  nameFlag,
  { name: 'model-version', type: 'string', description: 'A version, such as 1.2.0.' },
  { name: 'alias', type: 'string', description: 'An alias. Default: champion.' },
] as const satisfies readonly Flag[]

export const command: Command = {
  promise: 'Says which version a version or alias is.',
  flags: [...modelFlags, ...versionFlags],
  run: async ({ values, stdout }) => {
    const { record } = await resolveVersion(values)
    stdout.write(
      values.get('format') === 'json' ? jsonText(record) : `${record.name}@v${record.version} ${record.digest}\n`,
    )
    return 0
  },
}

type Found = NonNullable<Awaited<ReturnType<Registry['resolve']>>>

/** The version that the flags name, and the work tree. */
export async function resolveVersion(
  values: ReadonlyMap<string, string>,
): Promise<{ record: Found; workspace: string }> {
  const { name, workspace, settings } = await modelSettings(values)
  const { remote } = ledgerSettings.parse(settings.get('ledger') ?? {})
  const registry = await openRegistry(registryOf(settings), { directory: workspace, remote, now: () => new Date() })
  const version = values.get('model-version')
  const alias = values.get('alias') ?? 'champion'
  const record = await registry.resolve(name, version === undefined ? { alias } : { version })
  if (record === undefined) {
    const asked = version === undefined ? `alias "${alias}"` : `version ${version}`
    throw new UserError({
      what: `the registry has no ${asked} of ${name}.`,
      fix: 'See `gto show` or `headgate ledger`.',
    })
  }
  return { record, workspace }
}
