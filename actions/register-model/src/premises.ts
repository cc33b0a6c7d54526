import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Digest, Document, Model } from '@headgate/core'
import { digestFile } from '@headgate/files'
import type { GateSettings, Rulebook } from '@headgate/gate'
import { namedBaseline, seedOf } from '@headgate/gate'

type Told = Document<'evaluation'>

/** What is missing here may be on the machine that gated. */
export const bring = 'Let `hand-over: artifact` bring them from the job that gated, or gate in this one.'

/**
 * What is not as the gate says it was, before anything is judged: the policy, the seed, the test rows, and what was
 * compared with.
 * @param version what the settings compare with, where it is a version.
 */
export async function otherPremises(
  told: Told,
  { settings, policy }: Rulebook,
  version: Model | undefined,
  workspace: string,
): Promise<string[]> {
  const reasons: string[] = []
  if (policy.digest !== told.policy.digest)
    reasons.push(
      `The policy of ${policy.path} here (${policy.digest}) is not the one that the gate held to (${told.policy.digest}).`,
    )
  if (seedOf(settings) !== told.seed) reasons.push(`The seed is ${seedOf(settings)} here; the gate used ${told.seed}.`)
  return [...reasons, ...(await otherRows(told, settings, workspace)), ...otherBaseline(told, settings, version)]
}

async function otherRows({ testData: told }: Told, settings: GateSettings, workspace: string): Promise<string[]> {
  const { testData, config } = settings
  if (testData === undefined)
    return told === null ? [] : [`The gate judged rows of ${told.source}; ${config} names no \`test-data\`.`]
  if (told === null) return [`The gate judged self-reported evidence; ${config} names \`test-data: ${testData}\`.`]
  const digest = await digestAt(resolve(workspace, testData))
  if (digest === told.digest) return []
  if (digest !== undefined)
    return [`The test data ${testData} are others than the gate judged: ${digest}, not ${told.digest}.`]
  const mend = 'Commit them, or bring them before `register-model` as before `evaluate-gate`.'
  return [`The verdict cannot be recomputed: the test data ${testData} are not in this checkout. ${mend}`]
}

/** The digest of a file; `undefined` where there is none. */
export async function digestAt(path: string): Promise<Digest | undefined> {
  return (await stat(path).catch(() => undefined))?.isFile() ? (await digestFile(path)).digest : undefined
}

function otherBaseline({ baseline }: Told, settings: GateSettings, model: Model | undefined): string[] {
  const named = namedBaseline(settings)
  const kind = named === undefined || (named.kind !== 'file' && model === undefined) ? 'none' : named.kind
  const version = model?.version ?? null
  if (kind !== baseline.kind || version !== baseline.version) {
    const here = textOf(kind, version)
    return [
      `The gate compared with ${textOf(baseline.kind, baseline.version)}; by ${settings.config} here it is ${here}.`,
    ]
  }
  if (model === undefined || model.digest === baseline.modelDigest) return []
  return [`v${version} is the model ${model.digest}; the gate compared with the model ${baseline.modelDigest}.`]
}

function textOf(kind: Told['baseline']['kind'], version: string | null): string {
  if (kind === 'none') return 'nothing'
  if (kind === 'file') return 'a file of predictions'
  return kind === 'champion' ? `the champion v${version}` : `v${version}`
}
