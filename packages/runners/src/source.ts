import { resolve } from 'node:path'
import { readText } from '@headgate/files'
import type { SettingsSource } from '@headgate/settings'
import type { Runner } from './port.ts'

/** Where settings come from on a runner: its inputs, the files of the work tree, its environment. */
export function settingsSource({ input, workspace, variables }: Runner): SettingsSource {
  return { input, read: (path) => readText(resolve(workspace, path)), environment: variables, workspace }
}
