import { constants } from 'node:os'
import { join } from 'node:path'
import { lastLinesOf } from '@headgate/systems'
import type { JobStatus } from '../port.ts'

const searchedLines = 400

/** What the last lines of a log say about why it failed; the first that is found counts. */
const reasons: readonly { readonly found: RegExp; readonly cause: 'memory' | 'start' }[] = [
  { found: /java\.lang\.OutOfMemoryError[^\n]*/, cause: 'memory' },
  { found: /^MemoryError\b.*/m, cause: 'memory' },
  { found: /Container killed by YARN for exceeding[^\n]*|OOMKilled/, cause: 'memory' },
  { found: /JAVA_HOME is not set|[^\n]*java: (command )?not found/, cause: 'start' },
  { found: /java\.lang\.UnsupportedClassVersionError[^\n]*/, cause: 'start' },
  { found: /All masters are unresponsive! Giving up\./, cause: 'start' },
  {
    found: /^(Error|Exception in thread "main" [\w.]+): .*(master|Could not load|Cannot run program|load class).*/im,
    cause: 'start',
  },
]

/** How a driver ended that gave an exit code, read with what it printed last. */
export async function endingOf(exitCode: number, folder: string): Promise<JobStatus> {
  if (exitCode === 0) return { state: 'succeeded', exitCode }
  // Shells and Java give 128 and the number for what was ended by a signal.
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0]
  const reason = await reasonIn(join(folder, 'log'))
  if (signal !== undefined)
    return { state: 'failed', exitCode: null, cause: reason?.cause ?? 'signal', message: signal }
  return { state: 'failed', exitCode, ...reason }
}

async function reasonIn(log: string): Promise<Pick<JobStatus, 'cause' | 'message'> | undefined> {
  const text = (await lastLinesOf(log, searchedLines)).join('\n')
  for (const { found, cause } of reasons) {
    const [message] = found.exec(text) ?? []
    if (message !== undefined) return { cause, message: message.trim().slice(0, 300) }
  }
  return undefined
}
