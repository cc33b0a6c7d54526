import { resolve } from 'node:path'
import { exitCodes, fields, type StageName, strictJson } from '@headgate/core'
import { writeAtomically } from '@headgate/files'
import { loadStage, type StageModule } from '@headgate/pipeline'
import { renderMarkdown, renderTerminal } from '@headgate/reports'
import { detectRunner, localRunner, type Outcome, type Runner, startWith } from '@headgate/runners'
import type { Streams } from '../command.ts'
import { flagsOf, readArguments, sharedFlags } from '../flags.ts'
import { stageHelp } from '../help.ts'
import { jsonText } from '../json.ts'

/** `headgate <stage>`: stdout carries the result in the asked format, stderr everything else. */
export async function runStage(name: StageName, words: readonly string[], streams: Streams): Promise<number> {
  return runModule(await loadStage(name), words, streams)
}

/** Runs anything of a stage's make: its flags, its help, its document. */
export async function runModule(module: StageModule, words: readonly string[], streams: Streams): Promise<number> {
  const { stage, run, wire } = module
  const { values } = readArguments(words, [...flagsOf(fields(stage)), ...sharedFlags])
  if (values.get('help') === 'true') {
    streams.stdout.write(stageHelp(stage, sharedFlags))
    return exitCodes.accepted
  }
  const format = values.get('format') ?? 'text'
  const runner = await runnerWith(values)
  const outcome = await startWith(stage, run, wire, runner)
  const result = printed(outcome, format, streams)
  if (result !== undefined) streams.stdout.write(result)
  const copy = values.get('output')
  if (copy !== undefined && outcome.document !== undefined)
    await writeAtomically(resolve(runner.workspace, copy), strictJson(outcome.document))
  return outcome.exitCode
}

/** The runner that this is, with flags before its own inputs. */
export async function runnerWith(flags: ReadonlyMap<string, string>): Promise<Runner> {
  if (process.env.GITHUB_ACTIONS !== 'true') return localRunner(process.env, { flags })
  const runner = await detectRunner()
  return { ...runner, input: (name) => flags.get(name) ?? runner.input(name) }
}

/** The width and colour of where text goes. */
export function terminalOf(stream: NodeJS.WritableStream): { columns: number; colour: boolean } {
  const terminal = stream as Partial<NodeJS.WriteStream>
  return { columns: terminal.columns ?? 100, colour: terminal.isTTY === true && !process.env.NO_COLOR }
}

function printed({ document, report }: Outcome, format: string, streams: Streams): string | undefined {
  if (document === undefined || report === undefined) return undefined
  if (format === 'json') return jsonText(document)
  if (format === 'markdown') return `${renderMarkdown([report], { title: document.model, footer: '' }).text}\n`
  return `${renderTerminal(report, terminalOf(streams.stdout))}\n`
}
