/** A place in a file of the user's; lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line?: number
  readonly column?: number
}

/** One mistake: what is wrong, where, and how to mend it. */
export interface Problem {
  readonly what: string
  readonly where?: Place | undefined
  readonly fix?: string | undefined
}

/** The user must fix something (exit code 2). Carries every mistake that was found, not only the first. */
export class UserError extends Error {
  override readonly name = 'UserError'
  readonly problems: readonly Problem[]

  constructor(problems: Problem | readonly Problem[], options?: ErrorOptions) {
    const all = Array.isArray(problems) ? (problems as readonly Problem[]) : [problems as Problem]
    super(all.map(problemText).join('\n'), options)
    this.problems = all
  }
}

/** Something outside failed after retries (exit code 3): what was tried, what state things are in, what to do next. */
export class OutsideError extends Error {
  override readonly name = 'OutsideError'
  readonly tried: string
  readonly state: string
  readonly next: string

  constructor(account: { tried: string; state: string; next: string }, options?: ErrorOptions) {
    super(`${account.tried} ${account.state} ${account.next}`, options)
    this.tried = account.tried
    this.state = account.state
    this.next = account.next
  }
}

/** A rule of safety said no (exit code 1): a refusal that is no verdict of a document, with the way on. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

/** The run was cancelled from outside (exit code 130 or 143). */
export class Interruption extends Error {
  override readonly name = 'Interruption'
  readonly signal: 'SIGINT' | 'SIGTERM'

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`Interrupted by ${signal}.`)
    this.signal = signal
  }
}

/** `headgate.yml:12:5: unknown key "tran"; did you mean "train"?`, with the fix after it. */
export function problemText(problem: Problem): string {
  const where = problem.where ? `${placeText(problem.where)}: ` : ''
  const fix = problem.fix ? ` ${problem.fix}` : ''
  return `${where}${problem.what}${fix}`
}

/** `file:line:column`, as far as known. */
export function placeText(place: Place): string {
  return [place.file, place.line, place.column].filter((part) => part !== undefined).join(':')
}

/** The message of anything that was thrown, and of what caused it. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const cause = thrown.cause === undefined ? '' : ` (${messageOf(thrown.cause)})`
  return `${thrown.message}${cause}`
}

/** Runs checks that throw `UserError` and gathers all their problems into one. */
export function gatherProblems(...checks: readonly (() => void)[]): void {
  const problems: Problem[] = []
  for (const check of checks) {
    try {
      check()
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      problems.push(...error.problems)
    }
  }
  if (problems.length > 0) throw new UserError(problems)
}
