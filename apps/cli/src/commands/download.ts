import { resolve } from 'node:path'
import { UserError } from '@headgate/core'
import { forgeOf } from '@headgate/forges'
import { downloadModel } from '@headgate/registries'
import { openStoreOf } from '@headgate/stores'
import type { Command } from '../command.ts'
import { modelFlags } from '../model.ts'
import { resolveVersion, versionFlags } from './resolve.ts'
import { runnerWith } from './stage.ts'

export const command: Command = {
  promise: 'Fetches a version from its store, verified.',
  flags: [...modelFlags, ...versionFlags, { name: 'into', type: 'string', description: 'The folder to fill.' }],
  run: async ({ values, stdout }) => {
    const into = values.get('into')
    if (into === undefined) throw new UserError({ what: 'where to?', fix: 'Say it with --into.' })
    const { record, workspace } = await resolveVersion(values)
    const { context } = await runnerWith(values)
    const store = await openStoreOf(record, { workspace, forge: await forgeOf(context.forge), ephemeral: false })
    await downloadModel(store, record, resolve(workspace, into))
    stdout.write(`${resolve(workspace, into)}\n`)
    return 0
  },
}
