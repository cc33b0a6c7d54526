import { isAbsolute, relative } from 'node:path'
import type { Annotation, ExitCode } from '@headgate/core'
import { exitCodes, Interruption, messageOf, OutsideError, problemText, Refusal, UserError } from '@headgate/core'
import type { Log, Runner } from './port.ts'

/** What a thrown thing means: the exit code, and the sentences and annotations that tell it. */
interface Failure {
  readonly exitCode: ExitCode
  readonly lines: readonly string[]
  readonly annotations: readonly Annotation[]
}

/** What a failure is told with. */
interface Teller extends Pick<Runner, 'annotate'>, Partial<Pick<Runner, 'workspace'>> {
  readonly log: Pick<Log, 'debug' | 'error'>
}

/** Tells a failure, all mistakes at once and without a stack, and returns the exit code. */
export function tellFailure(thrown: unknown, runner: Teller): ExitCode {
  const failure = readFailure(placedIn(asDiskError(thrown), runner.workspace))
  for (const line of failure.lines) runner.log.error(line)
  runner.annotate(failure.annotations)
  if (failure.exitCode === exitCodes.bug) tellStack(thrown, runner.log)
  return failure.exitCode
}

const full: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])
const forbidden: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM'])

/** What the file system refuses is no bug: a disk that is full, a folder that may not be written. */
function asDiskError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !('code' in thrown)) return thrown
  const { code = '', path, syscall, message } = thrown as NodeJS.ErrnoException
  if (full.has(code))
    return new OutsideError(
      {
        tried: `${path ?? 'A file'} was written.`,
        state: `The disk is full (${message}). Nothing half written is left under its name.`,
        next: 'Make room, or use a machine with a larger disk, and run it again.',
      },
      { cause: thrown },
    )
  const isFolder = syscall === 'mkdir' && (code === 'ENOENT' || forbidden.has(code))
  if (path === undefined || !(isFolder || forbidden.has(code))) return thrown
  const what = `${isFolder ? 'cannot be made' : 'may not be read or written'} (${message}).`
  const fix = 'Name a place that this job may write to, or give it the right to.'
  return new UserError({ what, where: { file: path }, fix }, { cause: thrown })
}

/** The same mistakes with their files named from the work tree: what a person and an annotation look for. */
function placedIn(thrown: unknown, workspace: string | undefined): unknown {
  if (!(thrown instanceof UserError) || workspace === undefined) return thrown
  const problems = thrown.problems.map((problem) => {
    const path = problem.where && isAbsolute(problem.where.file) ? relative(workspace, problem.where.file) : '..'
    return path.startsWith('..') ? problem : { ...problem, where: { ...problem.where, file: path } }
  })
  return new UserError(problems, { cause: thrown })
}

function readFailure(thrown: unknown): Failure {
  if (thrown instanceof UserError) {
    const annotations = thrown.problems.map(
      (problem): Annotation => ({
        level: 'error',
        title: 'Headgate: something to fix',
        message: [problem.what, problem.fix].filter(Boolean).join(' '),
        where: problem.where,
      }),
    )
    return { exitCode: exitCodes.usage, lines: thrown.problems.map(problemText), annotations }
  }
  if (thrown instanceof OutsideError) {
    const lines = [thrown.tried, thrown.state, thrown.next].filter((line) => line !== '')
    return {
      exitCode: exitCodes.outside,
      lines,
      annotations: [note('Headgate: something outside failed', lines.join(' '))],
    }
  }
  if (thrown instanceof Refusal) {
    return {
      exitCode: exitCodes.refused,
      lines: [thrown.message],
      annotations: [note('Headgate: refused', thrown.message)],
    }
  }
  if (thrown instanceof Interruption) {
    const exitCode = thrown.signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated
    return { exitCode, lines: [thrown.message], annotations: [] }
  }
  const line = `This is a bug of Headgate: ${messageOf(thrown)}. Please report it, with --log-level debug.`
  return { exitCode: exitCodes.bug, lines: [line], annotations: [note('Headgate: a bug', line)] }
}

function note(title: string, message: string): Annotation {
  return { level: 'error', title, message }
}

function tellStack(thrown: unknown, log: Teller['log']): void {
  if (thrown instanceof Error && thrown.stack) log.debug(thrown.stack)
}
