import * as core from '@actions/core'
import type { LogLevel } from '@headgate/core'
import { inertLines } from '@headgate/reports'
import { isTold } from '../levels.ts'
import type { Log } from '../port.ts'
import { command, print, unobeyed } from './obedience.ts'

/** What begins the further lines of one message: seen as part of it, and never as a line of its own. */
const continued = '  │ '

/**
 * The log of a runner that reads what is printed for commands: no text that we tell is one. GitHub reads `::name::` at
 * the beginning of a line, after white space, and `##[name]` anywhere in it; act and Gitea the one or the other.
 */
export function commandLog(least: LogLevel): Log {
  const tell = (level: LogLevel, message: string): void => {
    if (isTold(level, least)) print(inertLines(message).join(`\n${continued}`))
  }
  return {
    // Where we are not asked for it, the runner shows it to those who debug their workflow.
    debug: (message) => (least === 'debug' ? tell('debug', `Debug: ${message}`) : command(() => core.debug(message))),
    info: (message) => tell('info', message),
    notice: (message) => tell('info', message),
    warning: (message) => tell('warning', `Warning: ${message}`),
    error: (message) => tell('error', `Error: ${message}`),
    group: (title, work) => (isTold('info', least) ? fold(title, work) : work()),
    quote: (title, work) =>
      isTold('info', least) ? fold(title, () => unobeyed(() => work(print))) : work(() => undefined),
  }
}

/** Under one title that can be folded; inside of another one it is a title only, since the runner nests none. */
async function fold<T>(title: string, work: () => Promise<T>): Promise<T> {
  command(() => core.startGroup(title))
  try {
    return await work()
  } finally {
    command(() => core.endGroup())
  }
}
