import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bringPython } from '../../../scripts/python.ts'
import type { Missing } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { serverEnvironment } from '../server.ts'

/** Papermill has no server: its commands, and those of jupytext and nbconvert, with one kernel, `python3`. */
export interface Papermill {
  readonly commands: string
  readonly environment: Readonly<Record<string, string>>
  /** An empty folder to work in. */
  readonly folder: string
  stop(): Promise<void>
}

/** Brings papermill into `.tools/papermill`. */
export async function prepare(): Promise<Missing> {
  await bringPapermill()
  return undefined
}

function bringPapermill(): Promise<string> {
  return bringPython({ name: 'papermill', lock: join(import.meta.dirname, 'requirements.lock') })
}

export async function start(): Promise<Papermill> {
  const folder = makeStateFolder('papermill')
  const commands = await bringPapermill()
  const environment = serverEnvironment(folder, { PATH: `${commands}:${process.env.PATH}` })
  return { commands, environment, folder, stop: () => rm(folder, { recursive: true, force: true }) }
}
