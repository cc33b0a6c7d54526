import { isAbsolute, relative, resolve, sep } from 'node:path'
import { UserError } from '@headgate/core'

/**
 * The absolute path of `path` inside `root`.
 * @throws UserError when it would lead outside of it.
 */
export function confine(root: string, path: string): string {
  const absolute = resolve(root, path)
  if (isAbsolute(path) || !isInside(root, absolute)) {
    throw new UserError({
      what: `the path ${JSON.stringify(path)} leads outside of its folder.`,
      where: { file: root },
    })
  }
  return absolute
}

/** Whether an absolute path is `folder` or lies in it. Compares names only; resolve links before. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}
