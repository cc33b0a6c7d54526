import { copyFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type AnyStage, exitCodes, fields, type StageName, strictJson, UserError } from '@headgate/core'
import { loadStage } from '@headgate/pipeline'
import { renderMarkdown, renderTerminal } from '@headgate/reports'
import { detectRunner, localRunner, type Outcome, type Runner, startWith } from '@headgate/runners'
import type { Streams } from '../command.ts'
import { flagsOf, readArguments, sharedFlags } from '../flags.ts'
import { stageHelp } from '../help.ts'

const formats = ['text', 'json', 'markdown']

/** `headgate <stage>`: stdout carries the result in the asked format, stderr everything else. */
export async function runStage(name: StageName, words: readonly string[], streams: Streams): Promise<number> {
  const { stage, run, wire } = await loadStage(name)
  const { values } = readArguments(words, [...flagsOf(fields(stage)), ...sharedFlags])
  if (values.get('help') === 'true') {
    streams.stdout.write(stageHelp(stage, sharedFlags))
    return exitCodes.accepted
  }
  const format = values.get('format') ?? 'text'
  if (!formats.includes(format))
    throw new UserError({ what: `--format: expected ${formats.join(', ')}, got "${format}".` })
  const runner = await runnerWith(values)
  const outcome = await startWith(stage, run, wire, runner)
  const result = await printed(stage, outcome, format, streams)
  if (result !== undefined) streams.stdout.write(result)
  const copy = values.get('output')
  if (copy !== undefined && outcome.path !== undefined) await copyFile(outcome.path, resolve(runner.workspace, copy))
  return outcome.exitCode
}

/** The runner that this is, with flags before its own inputs. */
export async function runnerWith(flags: ReadonlyMap<string, string>): Promise<Runner> {
  if (process.env.GITHUB_ACTIONS !== 'true') return localRunner(process.env, { flags })
  const runner = await detectRunner()
  return { ...runner, input: (name) => flags.get(name) ?? runner.input(name) }
}

async function printed(
  _stage: AnyStage,
  outcome: Outcome,
  format: string,
  streams: Streams,
): Promise<string | undefined> {
  if (outcome.document === undefined || outcome.report === undefined) return undefined
  if (format === 'json') return strictJson(outcome.document)
  if (format === 'markdown')
    return `${renderMarkdown([outcome.report], { title: outcome.document.model, footer: '' }).text}\n`
  const terminal = streams.stdout as Partial<NodeJS.WriteStream>
  const colour = terminal.isTTY === true && !process.env.NO_COLOR
  return renderTerminal(outcome.report, { columns: terminal.columns ?? 100, colour })
}
