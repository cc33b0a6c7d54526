import { bringDebian } from '../debian.ts'
import type { Missing } from '../describe-system.ts'

/** Brings Git LFS. It needs no server: a remote may be a folder. */
export async function prepare(): Promise<Missing> {
  return bringDebian('git-lfs')
}
