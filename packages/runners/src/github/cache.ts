import * as client from '@actions/cache'
import { info } from '@actions/core'
import type { Cache } from '../port.ts'

/** The CI's cache. Reading or saving may fail without harm: what is not there is made again. */
export function actionsCache(): Cache {
  return {
    restore: async (key, paths) => {
      try {
        return (await client.restoreCache([...paths], key)) !== undefined
      } catch (error) {
        info(`The cache could not be read: ${(error as Error).message}`)
        return false
      }
    },
    save: async (key, paths) => {
      try {
        await client.saveCache([...paths], key)
      } catch (error) {
        info(`The cache could not be saved: ${(error as Error).message}`)
      }
    },
  }
}
