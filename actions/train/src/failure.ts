import type { Settings, Training } from '@headgate/core'
import { problemText, type UserError } from '@headgate/core'
import type { FailedCell } from '@headgate/notebooks'
import { mebibytes } from '@headgate/reports'
import { commandText } from '@headgate/systems'
import type { Ended } from './executors/watch.ts'
import { cellText } from './notebook/executed.ts'
import type { Plan } from './plan.ts'
import type { stage } from './stage.ts'
import { duration } from './words.ts'

/** Why a training failed, and what to do. */
export type Failure = NonNullable<Training['error']>

const shownLines = 20

/**
 * What a job's end means to a user; `undefined` when it went well.
 * @param cell where a notebook stopped.
 */
export function failureOf(
  ended: Ended,
  plan: Plan,
  settings: Settings<typeof stage>,
  cell?: FailedCell,
): Failure | undefined {
  if (ended.state === 'succeeded') return undefined
  const command = commandText(plan.command)
  const said = ended.message === undefined ? '' : ` (${ended.message})`
  const tell = (what: string, remedy: string): Failure => ({
    message: `${command} ${what} ${cell ? cellText(cell) : output(ended)}`,
    remedy,
  })
  switch (ended.cause) {
    case 'timeout':
      return tell(
        `was ended after ${duration(settings.timeout ?? 0)}, its \`timeout\`.`,
        'Raise `timeout`, or train on less.',
      )
    case 'memory':
      return tell(`was ended above ${limitText(settings)}${said}.`, 'Raise `memory`, or train on less.')
    case 'start':
      return tell(`could not be started by ${settings.executor}${said}.`, 'Mend what it says, and run it again.')
    case 'lost':
      return tell(`was lost by ${settings.executor}${said}.`, 'Run it again.')
    default:
      return ended.exitCode === null ? killed(ended, tell) : tell(`ended with exit code ${ended.exitCode}.`, mendCode)
  }
}

const mendCode = 'Mend the training code.'

function limitText({ memory }: Settings<typeof stage>): string {
  return memory === undefined ? 'the memory that there is' : `${mebibytes(memory)}, its \`memory\``
}

function killed({ state, message }: Ended, tell: (what: string, remedy: string) => Failure): Failure {
  if (state === 'cancelled') return tell('was cancelled from outside.', 'Run it again.')
  const isKilled = message === 'SIGKILL'
  const why = isKilled ? ', as systems do with what takes too much memory' : ''
  const remedy = isKilled
    ? 'Use a machine with more memory, or train on less.'
    : 'Find out who ended it, and run it again.'
  return tell(`was ended by ${message ?? 'somebody'} from outside${why}.`, remedy)
}

function output({ lastLines }: Ended): string {
  const last = lastLines.slice(-shownLines)
  return last.length === 0 ? 'It printed nothing.' : `Its last lines:\n${last.join('\n')}`
}

export function fromUserError(error: UserError): Failure {
  return {
    message: error.problems.map((problem) => problemText({ ...problem, fix: undefined })).join('\n'),
    remedy: error.problems.flatMap(({ fix }) => fix ?? []).join(' ') || mendCode,
  }
}
