import { type LogLevel, logLevels } from '@headgate/core'

/** The level that an input names. Any other text is refused where settings are read; until then it is `info`. */
export function levelOf(text: string | undefined): LogLevel {
  return logLevels.find((level) => level === text) ?? 'info'
}

/** Whether something of this level is told where `least` is asked for. */
export function isTold(level: LogLevel, least: LogLevel): boolean {
  return logLevels.indexOf(level) >= logLevels.indexOf(least)
}
