import { styleText } from 'node:util'
import type { Log } from '../port.ts'

export type LogLevel = 'debug' | 'info' | 'warning' | 'error'

const order: readonly LogLevel[] = ['debug', 'info', 'warning', 'error']

/** A log on stderr, in colour where that is a terminal and NO_COLOR is not set. */
export function terminalLog(level: LogLevel, stream: NodeJS.WriteStream = process.stderr): Log {
  const least = order.indexOf(level)
  const write = (at: LogLevel, style: Parameters<typeof styleText>[0], message: string): void => {
    if (order.indexOf(at) < least) return
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
  }
}
