import { styleText } from 'node:util'
import type { LogLevel } from '@headgate/core'
import { isTold } from '../levels.ts'
import type { Log } from '../port.ts'

/** A log on stderr, in colour where that is a terminal and NO_COLOR is not set. */
export function terminalLog(least: LogLevel, stream: NodeJS.WriteStream = process.stderr): Log {
  const write = (level: LogLevel, style: Parameters<typeof styleText>[0], message: string): void => {
    if (!isTold(level, least)) return
    stream.write(`${styleText(style, message, { stream })}\n`)
  }
  return {
    debug: (message) => write('debug', 'dim', message),
    info: (message) => write('info', 'reset', message),
    notice: (message) => write('info', 'cyan', message),
    warning: (message) => write('warning', 'yellow', message),
    error: (message) => write('error', 'red', message),
    group: async (title, work) => {
      write('info', 'bold', title)
      return work()
    },
    quote: async (title, work) => {
      write('info', 'bold', title)
      return work((line) => write('info', 'reset', line))
    },
  }
}
