import { createReadStream } from 'node:fs'
import { type Ray, send, textOf } from './client.ts'
import { answerFailure } from './failure.ts'

/** A package by its content: whoever uploads the same names it the same. `digest` is hexadecimal. */
export function packageName(digest: string): string {
  return `_ray_pkg_${digest.slice(0, 32)}.zip`
}

/** By this a runtime environment names a package. */
export function packageUri(name: string): string {
  return `gcs://${name}`
}

/** Uploads a package unless it is there, in which case Ray keeps it for another ten minutes. @returns whether it was sent. */
export async function bringPackage(ray: Ray, name: string, { file, bytes }: Archived): Promise<boolean> {
  const path = `/api/packages/gcs/${name}`
  const there = await send(ray, { method: 'GET', path })
  const said = await textOf(ray, there)
  if (there.status === 200) return false
  if (there.status !== 404 || !said.includes(name)) throw answerFailure(ray, { method: 'GET', path }, there, said)
  const call = { method: 'PUT', path, bytes: () => createReadStream(file), length: bytes, timeoutMs } as const
  const answer = await send(ray, call)
  const text = await textOf(ray, answer)
  if (answer.status !== 200) throw answerFailure(ray, call, answer, text)
  return true
}

const timeoutMs = 10 * 60_000

/** A file of this machine, and how long it is. */
interface Archived {
  readonly file: string
  readonly bytes: number
}
