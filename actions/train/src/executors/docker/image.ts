import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { UserError } from '@headgate/core'
import { bringImage, buildImage, type Docker, type Image } from '@headgate/systems/docker'
import type { DockerOptions } from './executor.ts'

/**
 * The image of the settings: pulled where it is not there, or built.
 * @throws UserError where that cannot be.
 */
export async function bringOrBuild(docker: Docker, options: DockerOptions): Promise<Image> {
  const { settings, workspace, temporary, tell, onBuildLine } = options
  if (settings.build === undefined) return bringImage(docker, settings.image ?? '', tell)
  const { context, file, target } =
    typeof settings.build === 'string'
      ? { context: settings.build, file: undefined, target: undefined }
      : settings.build
  const folder = resolve(workspace, context)
  const names = file === undefined ? ['Dockerfile', 'Containerfile'] : [file]
  const dockerfile = names.map((name) => join(folder, name)).find((path) => existsSync(path))
  if (dockerfile === undefined)
    throw new UserError({
      what: `\`docker: build\`: there is no ${names[0]} in ${folder}.`,
      fix: 'Name the folder that has it; `file` is relative to `context`.',
    })
  tell(`The image is built of ${dockerfile}.`)
  const { network } = settings
  return buildImage(docker, { context: folder, file: dockerfile, target, network, temporary, onLine: onBuildLine })
}
