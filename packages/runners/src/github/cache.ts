import { relative } from 'node:path'
import * as client from '@actions/cache'
import type { Cache } from '../port.ts'

/** The CI's cache. Reading or saving may fail without harm: what is not there is made again. */
export function actionsCache(tell: (sentence: string) => void): Cache {
  return {
    restore: async (key, paths) => {
      try {
        return (await client.restoreCache(within(paths), key)) !== undefined
      } catch (error) {
        tell(`The cache could not be read: ${(error as Error).message}`)
        return false
      }
    },
    save: async (key, paths) => {
      try {
        await client.saveCache(within(paths), key)
      } catch (error) {
        tell(`The cache could not be saved: ${(error as Error).message}`)
      }
    },
  }
}

/** The client counts the paths' spelling as part of the key: said from the work tree, they are the same on every machine. */
function within(paths: readonly string[]): string[] {
  return paths.map((path) => relative(process.cwd(), path))
}
