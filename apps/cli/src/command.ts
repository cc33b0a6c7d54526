import { exitCodes, nearest, problemText, type StageName, UserError } from '@headgate/core'
import { stageModules } from '@headgate/pipeline'
import type { Flag } from './flags.ts'
import { readArguments, sharedFlags } from './flags.ts'
import { commandHelp, overview } from './help.ts'

/** Where a command writes: results to `stdout`, everything else to `stderr`. */
export interface Streams {
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
}

/** A command that is no stage. */
export interface Command {
  readonly promise: string
  readonly flags: readonly Flag[]
  /** The words without a flag that it takes, for its help. */
  readonly arguments?: string
  /** How many words without a flag it takes. */
  readonly positionals?: number
  run(given: CommandInput): Promise<number>
}

interface CommandInput extends Streams {
  readonly values: ReadonlyMap<string, string>
  readonly positionals: readonly string[]
}

const commands: Readonly<Record<string, { readonly promise: string; readonly load: () => Promise<Command> }>> = {
  run: {
    promise: 'Runs the stages that the event asks for.',
    load: async () => (await import('./commands/run.ts')).command,
  },
  report: {
    promise: 'Renders the documents of a work folder again.',
    load: async () => (await import('./commands/report.ts')).command,
  },
  resolve: {
    promise: 'Says which version a version or alias is.',
    load: async () => (await import('./commands/resolve.ts')).command,
  },
  download: {
    promise: 'Fetches a version from its store, verified.',
    load: async () => (await import('./commands/download.ts')).command,
  },
  ledger: {
    promise: 'Shows what was decided, when and why.',
    load: async () => (await import('./commands/ledger.ts')).command,
  },
  init: {
    promise: 'Writes a headgate.yml from what is there.',
    load: async () => (await import('./commands/init.ts')).command,
  },
  'lint-notebooks': {
    promise: 'Finds in notebooks what does not belong into Git.',
    load: async () => (await import('./commands/lint-notebooks.ts')).command,
  },
  reproduce: {
    promise: 'Trains a version again, and says what came out differently.',
    load: async () => (await import('./commands/reproduce.ts')).command,
  },
  schema: {
    promise: 'Prints the JSON Schema of a document.',
    load: async () => (await import('./commands/schema.ts')).command,
  },
}

const stagePromises: Readonly<Record<string, string>> = {
  'validate-data': 'Checks data against its contract.',
  train: 'Trains, and keeps what is needed to explain the run.',
  'evaluate-gate': 'Judges a model on held-out rows against the champion.',
  'register-model': 'Registers a model that passed, with its lineage.',
  deploy: 'Puts a version into service, or back out of it.',
  'drift-check': 'Says whether production is still what was approved.',
  rollback: 'Brings the version before back into service.',
}

/** Runs `headgate <name> …` and returns the exit code. */
export async function runCommand(name: string, words: readonly string[], streams: Streams): Promise<number> {
  try {
    if (name === '--help' || name === '-h' || name === 'help') {
      const lines = [
        ...Object.entries(stagePromises),
        ...Object.entries(commands).map(([key, { promise }]) => [key, promise] as const),
      ]
      streams.stdout.write(overview(lines.map(([key, promise]) => ({ name: key, promise }))))
      return exitCodes.accepted
    }
    if (name === 'rollback') return await (await import('./commands/rollback.ts')).runRollback(words, streams)
    if (name in stageModules)
      return await (await import('./commands/stage.ts')).runStage(name as StageName, words, streams)
    const entry = commands[name]
    if (entry === undefined) throw unknownCommand(name)
    return await runOther(name, await entry.load(), words, streams)
  } catch (error) {
    const { tellFailure } = await import('@headgate/runners')
    if (!(error instanceof UserError)) return tellFailure(error, consoleOf(streams))
    const { inertLines } = await import('@headgate/reports')
    for (const problem of error.problems) streams.stderr.write(`${inertLines(problemText(problem)).join('\n')}\n`)
    return exitCodes.usage
  }
}

async function runOther(name: string, command: Command, words: readonly string[], streams: Streams): Promise<number> {
  const flags = [...command.flags, ...sharedFlags]
  const { values, positionals } = readArguments(words, flags, command.positionals)
  if (values.get('help') === 'true') {
    streams.stdout.write(commandHelp([name, command.arguments].filter(Boolean).join(' '), command.promise, flags))
    return exitCodes.accepted
  }
  return command.run({ ...streams, values, positionals })
}

function unknownCommand(name: string): UserError {
  const near = nearest(name, [...Object.keys(stagePromises), ...Object.keys(commands)])
  return new UserError({
    what: `there is no command "${name}".`,
    fix: near ? `Did you mean "${near}"?` : 'See headgate --help.',
  })
}

function consoleOf({ stderr }: Streams) {
  const error = (message: string): void => {
    stderr.write(`${message}\n`)
  }
  return { log: { debug: () => {}, error }, annotate: () => {} }
}
