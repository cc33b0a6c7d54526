// Judges files of predictions in a folder of its own, without a stage around.
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Evaluation, Problem, Rule } from '@headgate/core'
import { commonSettings, UserError } from '@headgate/core'
import { digestFile, readText } from '@headgate/files'
import { labelledCsv, makeFlights, predictionCsv } from '@headgate/testkit'
import { fileBaseline, noBaseline } from '../src/baseline.ts'
import { type Assessment, assess, openEvidence } from '../src/evaluation.ts'
import { metricNames, readPolicy } from '../src/policy.ts'
import { readPredictions } from '../src/predictions.ts'
import { many, rolesOf } from '../src/roles.ts'
import { type GateSettings, gateBlock } from '../src/settings.ts'

export const all = makeFlights(4000)
export const files = {
  'test.csv': labelledCsv(all),
  'good.csv': predictionCsv(all, 'good'),
  'bad.csv': predictionCsv(all, 'bad'),
}
const strictRules: readonly Rule[] = [{ metric: 'roc_auc', min: 0.6, maxLoss: 0.02 }]

export interface Scenario {
  readonly files?: Readonly<Record<string, string>>
  readonly settings?: Readonly<Record<string, unknown>>
}

function settingsOf(given: Readonly<Record<string, unknown>>): GateSettings {
  const block = commonSettings.extend(gateBlock.settings.shape)
  const own = { candidate: 'good.csv', testData: 'test.csv', label: 'late', policy: strictRules, ...given }
  return { ...block.parse(own), model: 'delays', workFolder: '', failOn: 'inconclusive' }
}

/** Judges files of predictions, the baseline's a file too. */
export async function gate(scenario: Scenario): Promise<{ document: Evaluation & Omit<Assessment, 'body'> }> {
  const workspace = await mkdtemp(join(tmpdir(), 'gate-'))
  const at = (name: string) => resolve(workspace, name)
  for (const [name, text] of Object.entries(scenario.files ?? files)) await writeFile(at(name), text)
  const settings = settingsOf(scenario.settings ?? {})
  const { candidate: source = '', baseline } = settings
  const policy = await readPolicy(settings.policy, settings, (path) => readText(at(path)))
  const rulebook = { settings, policy, ref: null, changed: undefined, caveats: [] }
  const names = metricNames(policy, many(settings.metrics))
  const { digest } = await digestFile(at(source))
  const candidate = { path: at(source), facts: { source, digest, modelDigest: null, trainingKey: null } }
  const evidence = await openEvidence(rulebook, names, candidate, workspace)
  const read = (path: string) => readPredictions(at(path), evidence, rolesOf(settings), names)
  const predictions = await read(source)
  const wanted = String(baseline)
  const found =
    baseline === undefined
      ? noBaseline
      : fileBaseline({ predictions: await read(wanted), source: wanted, path: at(wanted) })
  const parts = { rulebook, names, evidence, candidate, predictions, baseline: found, bootstrap: false }
  const { verdict, summary, body } = assess(parts)
  return { document: { verdict, summary, ...body } }
}

/** Every mistake that is found in the files and the settings. */
export async function problemsOf(scenario: Scenario): Promise<readonly Problem[]> {
  const error = await gate(scenario).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof UserError)) throw new Error(`expected a UserError, got ${String(error)}`)
  return error.problems
}
