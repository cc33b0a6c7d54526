import { relative, sep } from 'node:path'
import { OutsideError, UserError } from '@headgate/core'
import { commandText, type ProcessResult, runProcess } from '../process/run.ts'

/** Where and how `dvc` is run. */
export interface DvcPlace {
  /** Absolute path of the work tree. */
  readonly folder: string
  /** The whole environment, with the `PATH` that has `dvc` and the variables that its remote needs. */
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
  readonly signal: AbortSignal
  readonly onLine?: ((line: string) => void) | undefined
}

/**
 * Pulls files and folders (absolute paths), and nothing else.
 * @throws UserError when dvc is missing, has no remote or the remote does not have them; OutsideError otherwise.
 */
export async function pull(place: DvcPlace, paths: readonly string[]): Promise<void> {
  const targets = paths.map((path) => relative(place.folder, path).split(sep).join('/'))
  const result = await execute(place, ['pull', '--', ...targets])
  if (result.exitCode !== 0) throw failed(['pull', ...targets], result)
}

/** The metrics of the work tree's pipelines, as `dvc metrics show --json` prints them: with NaN, as Python does. */
export async function showMetrics(place: DvcPlace): Promise<string> {
  const printed: string[] = []
  const onLine = (line: string): void => void printed.push(line)
  const result = await execute({ ...place, onLine }, ['metrics', 'show', '--json'], 'stdout')
  if (result.exitCode !== 0) throw failed(['metrics', 'show'], result)
  return printed.join('\n')
}

async function execute(
  { folder, environment, secrets, signal, onLine }: DvcPlace,
  words: readonly string[],
  only?: 'stdout',
): Promise<ProcessResult> {
  try {
    return await runProcess({
      argv: ['dvc', ...words],
      cwd: folder,
      environment: { DVC_NO_ANALYTICS: 'true', ...environment },
      secrets,
      signal,
      onLine: (stream, line) => {
        if (only === undefined || stream === only) onLine?.(line)
      },
    })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(
      {
        what: `${commandText(['dvc', ...words])} could not be run: there is no command \`dvc\` on the PATH of this job.`,
        fix: 'Install it in a step before, with what its remote needs, such as `pip install "dvc[s3]"`.',
      },
      { cause: error },
    )
  }
}

const shownLines = 6

/** DVC ends with the same code whatever went wrong: only its words tell. */
function failed(words: readonly string[], { lastLines, exitCode }: ProcessResult): UserError | OutsideError {
  const command = commandText(['dvc', ...words])
  const lines = lastLines.filter((line) => line.trim() !== '' && !/error\.dvc\.org|having any troubles/i.test(line))
  const said = lines.slice(-shownLines).join('\n') || `exit code ${exitCode}`
  const fix = remedies.find(([pattern]) => pattern.test(lastLines.join('\n')))?.[1]
  if (fix !== undefined) return new UserError({ what: `${command} failed:\n${said}\n`, fix })
  return new OutsideError({
    tried: `Ran \`${command}\`.`,
    state: `It failed:\n${said}\nNothing was trained.`,
    next: 'Mend what DVC says, then run again.',
  })
}

const remedies: readonly (readonly [RegExp, string])[] = [
  [/no default remote|no remote/i, 'Name the remote: `dvc remote add --default …`, and commit .dvc/config.'],
  [/requires '([^']+)' to be installed/i, 'Install DVC with what its remote needs, such as `pip install "dvc[s3]"`.'],
  [/not inside of a DVC repository/i, 'Run `dvc init`, and commit what it makes.'],
  [
    /credential|access denied|forbidden|unauthori[sz]ed|permission/i,
    'Give the remote’s credentials by the CI’s secrets.',
  ],
  [
    /missing-files|do not exist neither/i,
    'Run `dvc push` where the data is, or check that the remote can be reached from here.',
  ],
  [/no such file or directory|does not exist/i, 'Check that DVC tracks what `data` names.'],
]
