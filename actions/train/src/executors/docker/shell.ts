import { messageOf } from '@headgate/core'
import type { JobStatus } from '../port.ts'

const shell = '/bin/sh'
/** By this the shell calls itself where it cannot start the command. */
const name = 'headgate'

/**
 * Joins both streams of the command where it runs: an engine reads them apart, and would not keep the order in which
 * they were printed. The shell reads no word of the command, and gives way to it.
 */
export function inShell(argv: readonly string[]): string[] {
  return [shell, '-c', 'exec "$@" 2>&1', name, ...argv]
}

/** Whether a container could not be started since its image has no shell: then the command is started without one. */
export function lacksShell(error: unknown): boolean {
  const message = messageOf(error)
  return message.includes(shell) && /no such file|not found/i.test(message)
}

/** By POSIX: the command may not be executed, or is not found. */
const codes: ReadonlySet<number | null> = new Set([126, 127])

/** Whether a job may have ended so since the shell could not start its command. */
export function mayBeShells({ state, exitCode }: JobStatus): boolean {
  return state === 'failed' && codes.has(exitCode)
}

/** The status of a job whose last line is the shell’s: its command was not started. */
export function afterShell(status: JobStatus, lastLine: string): JobStatus {
  const said = /^headgate: (?:line \d+: |\d+: )?(?:exec: )?(?:line \d+: )?(.*)$/.exec(lastLine)?.[1]
  return said === undefined ? status : { ...status, exitCode: null, cause: 'start', message: said }
}
