import { join } from 'node:path'
import type { Document, Model } from '@headgate/core'
import { messageOf, Refusal, UserError } from '@headgate/core'
import { readText } from '@headgate/files'
import type { Assessment, Candidate, Rulebook } from '@headgate/gate'
import {
  acceptsFirst,
  assess,
  many,
  metricNames,
  openEvidence,
  readPolicy,
  readPredictions,
  rolesOf,
} from '@headgate/gate'
import type { Source } from '@headgate/stores'
import { findBaseline, findVersion } from './baseline.ts'
import { differencesOf } from './differences.ts'
import type { Evidence } from './evidence.ts'
import type { Ports } from './ports.ts'
import { bring, otherPremises } from './premises.ts'

/** A verdict that is to be judged again. */
export interface Retrial {
  readonly workFolder: string
  readonly evidence: Evidence
  /** The candidate's predictions; `undefined` where they are not here. */
  readonly predictions: Source | undefined
  /** The model's name in the registry. */
  readonly name: string
  /** The version that holds this very model already: it is no reason against a first one. */
  readonly registered: string | null
}

/**
 * Judges again what the gate judged, from the predictions that it digested and by the rules of this checkout, and
 * holds what comes of it against the gate's document, which was written beside a user's code.
 * @throws Refusal naming all that differs, or what is missing and what mends it.
 */
export async function recompute(retrial: Retrial, ports: Ports): Promise<void> {
  const told = retrial.evidence.evaluation.document
  const rulebook = await openRulebook(told, ports)
  const candidate = candidateOf(retrial)
  const version = await findVersion(rulebook.settings, retrial.name, ports)
  refuse(await otherPremises(told, rulebook, version, ports.workspace))
  const found = await judgeAgain({ retrial, rulebook, candidate, version }, ports).catch((error: unknown) =>
    refuseUnreadable(error, ports.workspace),
  )
  refuse(differencesOf(told, found))
  ports.log.info(`The verdict ${found.verdict} was recomputed from the digested predictions.`)
}

/** The rules of this checkout. What a base branch left open caps the verdict, which nobody but the gate can know. */
async function openRulebook(told: Document<'evaluation'>, { gate, workspace }: Ports): Promise<Rulebook> {
  const settings = await gate()
  const policy = await readPolicy(settings.policy, settings, (path) => readText(join(workspace, path)))
  const isCapped = told.verdict === 'warn' && (told.policy.ref !== null || settings.baseRef !== undefined)
  return { settings, policy, ref: null, changed: undefined, caveats: isCapped ? ['The base branch caps it.'] : [] }
}

function candidateOf({ predictions, evidence }: Retrial): Candidate {
  const facts = evidence.evaluation.document.candidate
  if (predictions) return { path: predictions.source, facts }
  const missing = `the predictions that the gate judged (${facts.source}) are not here`
  throw new Refusal(`The verdict cannot be recomputed: ${missing}. ${bring}`)
}

/** A retrial with all that decides it opened. */
export interface Opened {
  readonly retrial: Retrial
  readonly rulebook: Rulebook
  readonly candidate: Candidate
  /** What the settings compare with, where it is a version. */
  readonly version: Model | undefined
}

async function judgeAgain(opened: Opened, ports: Ports): Promise<Assessment> {
  const { rulebook, candidate } = opened
  const { settings, policy } = rulebook
  const names = metricNames(policy, many(settings.metrics))
  const evidence = await openEvidence(rulebook, names, candidate, ports.workspace)
  const read = (path: string) => readPredictions(path, evidence, rolesOf(settings), names)
  const predictions = await read(candidate.path)
  const baseline = await findBaseline({ ...opened, evidence, read }, ports)
  const bootstrap = acceptsFirst(settings, baseline)
  return assess({ rulebook, names, evidence, candidate, predictions, baseline, bootstrap })
}

/** What the gate could read and this job cannot, it read by other settings. */
function refuseUnreadable(error: unknown, workspace: string): never {
  if (!(error instanceof UserError)) throw error
  const what = messageOf(error).replaceAll(`${workspace}/`, '')
  throw new Refusal(`The verdict cannot be recomputed by the settings of this checkout: ${what}`, { cause: error })
}

function refuse(reasons: readonly string[]): void {
  if (reasons.length === 0) return
  throw new Refusal([...reasons, 'Nothing is registered: gate again on this checkout, without flags.'].join('\n'))
}
