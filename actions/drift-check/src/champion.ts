import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Settings } from '@headgate/core'
import { parseDocument, registeredName, UserError } from '@headgate/core'
import type { Forge } from '@headgate/forges'
import { downloadAttachments, type Registry } from '@headgate/registries'
import type { Runner } from '@headgate/runners'
import { openStore, openStoreOf, storeOptionsOf } from '@headgate/stores'
import type { Champion } from './ports.ts'
import type { stage } from './stage.ts'

interface Access {
  readonly forge: Forge | undefined
  readonly registry: () => Promise<Pick<Registry, 'resolve'>>
}

/**
 * The profile of the data that the model in production learnt from, as it was kept with its version.
 * @throws UserError when there is no champion, or its version was registered without a profile.
 */
export async function readChampion(
  settings: Settings<typeof stage>,
  runner: Runner,
  { forge, registry: open }: Access,
): Promise<Champion> {
  const name = registeredName(settings)
  const { temporary } = runner
  const model = await (await open()).resolve(name, { alias: 'champion' })
  const fix = 'Give `reference` as data or as a profile’s file.'
  if (model === undefined) throw new UserError({ what: `${name} has no champion to compare with.`, fix })
  const isProfile = (path: string): boolean => basename(path) === 'profile.json'
  const kept = model.attachments.find(({ path }) => isProfile(path))
  if (kept === undefined)
    throw new UserError({ what: `no profile is kept with ${name} ${model.version}, the champion.`, fix })
  const options = storeOptionsOf(runner, forge)
  const store =
    settings.store === undefined ? await openStoreOf(model, options) : await openStore(settings.store, options)
  const folder = await mkdtemp(join(temporary, 'champion-'))
  try {
    await downloadAttachments(store, model, isProfile, folder)
    const file = join(folder, kept.path)
    return { version: model.version, profile: parseDocument('profile', await readFile(file, 'utf8'), file) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
