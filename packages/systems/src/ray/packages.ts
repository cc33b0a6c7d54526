import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { failed, isRefused, type Ray, type Request, send } from './client.ts'

/**
 * Uploads a zip file as a package of the cluster, unless it is there.
 * @param name letters and digits that follow from its content.
 * @returns the URI for `working_dir`.
 */
export async function uploadPackage(ray: Ray, name: string, file: string): Promise<string> {
  const packageName = `_ray_pkg_${name}.zip`
  const path = `/api/packages/gcs/${packageName}`
  const uri = `gcs://${packageName}`
  const there = await send(ray, { method: 'GET', path })
  if (!isRefused(there)) {
    await there.body.dump()
    return uri
  }
  const { size } = await stat(file)
  const what: Request = { method: 'PUT', path, bytes: { body: createReadStream(file), length: size } }
  const answer = await send(ray, what)
  if (isRefused(answer)) throw failed(ray, what, answer)
  await answer.body.dump()
  return uri
}
