import { resolve } from 'node:path'
import type { Evaluation, Verdict } from '@headgate/core'
import { isPromotable, UserError } from '@headgate/core'
import type { MetricName } from '@headgate/statistics'
import { calibration, confusion } from '@headgate/statistics'
import type { Baseline } from './baseline.ts'
import type { Evidence } from './evidence.ts'
import { readEvidence } from './evidence.ts'
import type { Judged } from './judgement.ts'
import { judge } from './judgement.ts'
import { labelText } from './labels.ts'
import type { Policy } from './policy.ts'
import type { Predictions } from './predictions.ts'
import { many, rolesOf } from './roles.ts'
import type { GateSettings } from './settings.ts'
import { sliceColumns, sliceProblems } from './slices.ts'
import { summaryOf } from './summary.ts'
import { verdictOf } from './verdict.ts'

const defaultSeed = 7

/** What decides, after the base branch had its word. */
export interface Rulebook {
  readonly settings: GateSettings
  readonly policy: Policy
  /** Where the policy was read from; `null` for the work tree. */
  readonly ref: string | null
  /** What the pull request would change, as a diff. */
  readonly changed: string | undefined
  /** Why `pass` is out of reach; empty when it is not. */
  readonly caveats: readonly string[]
}

/** A candidate by its file of predictions. */
export interface Candidate {
  /** Absolute path of its predictions. */
  readonly path: string
  readonly facts: Evaluation['candidate']
}

/**
 * Reads the rows that a rulebook names: the test data, or the candidate's own file where there are none.
 * @param workspace what `test-data` is relative to.
 * @throws UserError with every mistake in them.
 */
export async function openEvidence(
  { settings, policy }: Pick<Rulebook, 'settings' | 'policy'>,
  names: readonly MetricName[],
  candidate: Candidate,
  workspace: string,
): Promise<Evidence> {
  const { testData, classes, positive } = settings
  const evidence = await readEvidence({
    kind: testData === undefined ? 'self-reported' : 'held-out',
    path: testData === undefined ? candidate.path : resolve(workspace, testData),
    source: testData ?? candidate.facts.source,
    roles: rolesOf(settings),
    metrics: names,
    sliceColumns: sliceColumns(policy.rules, many(settings.slices)),
    choice: {
      classes: classes === undefined ? undefined : many(classes).map(labelText),
      positive: positive === undefined ? undefined : labelText(String(positive)),
    },
    needsIds: testData !== undefined || settings.baseline !== undefined,
  })
  const problems = sliceProblems(evidence, evidence.source)
  if (problems.length > 0) throw new UserError(problems)
  return evidence
}

export interface Parts {
  readonly rulebook: Rulebook
  /** The metrics of the policy and those to report. */
  readonly names: readonly MetricName[]
  readonly evidence: Evidence
  readonly candidate: Candidate
  readonly predictions: Predictions
  readonly baseline: Baseline
  /** Whether a first model may be accepted without a baseline. */
  readonly bootstrap: boolean
}

/** What is found of a candidate: the evaluation document without what its stage stamps. */
export interface Assessment {
  readonly verdict: Verdict
  readonly summary: string
  readonly body: Evaluation
}

/** Judges a candidate by its rulebook. The same parts make the same assessment, wherever and whenever. */
export function assess(parts: Parts): Assessment {
  const { rulebook, evidence, baseline, bootstrap } = parts
  const { settings, policy, caveats } = rulebook
  const { absence } = baseline
  const judged = judge({
    evidence,
    candidate: parts.predictions,
    baseline: baseline.predictions,
    baselineName: baseline.name,
    unpaired: baseline.unpaired,
    withoutBaseline: absence !== undefined,
    rules: policy.rules,
    reported: { metrics: parts.names, columns: many(settings.slices) },
    seed: seedOf(settings),
  })
  const verdict = verdictOf(judged, {
    evidence: evidence.kind,
    isOwn: caveats.length > 0,
    noBaseline: absence !== undefined,
    bootstrap,
  })
  const summary = summaryOf(judged, { verdict, evidence: evidence.kind, absence, bootstrap, caveats })
  return { verdict, summary, body: bodyOf(parts, judged, bootstrap && isPromotable(verdict)) }
}

/** The seed of the resampling intervals. */
export function seedOf({ seed = defaultSeed }: GateSettings): number {
  return seed
}

function bodyOf(parts: Parts, judged: readonly Judged[], bootstrap: boolean): Evaluation {
  const { rulebook, candidate, evidence, baseline } = parts
  const { policy, ref, changed, settings } = rulebook
  const { task, kind, source, digest, rows } = evidence
  return {
    task,
    policy: { path: policy.path, ref, digest: policy.digest, ...(changed === undefined ? {} : { changed }) },
    evidence: kind,
    testData: kind === 'held-out' ? { source, digest, rows } : null,
    candidate: candidate.facts,
    baseline: baseline.facts,
    bootstrap,
    seed: seedOf(settings),
    metrics: judged.map(({ result }) => result),
    confusion: confusionOf(parts),
    calibration: calibrationOf(parts),
  }
}

function confusionOf({ evidence, predictions }: Parts): Evaluation['confusion'] {
  const { classes, truth } = evidence
  if (predictions.labels === undefined || classes.length === 0) return null
  const counts = confusion(truth, predictions.labels, classes.length).map((row) => Array.from(row))
  return { labels: [...classes], counts }
}

const calibrationBins = 10

function calibrationOf({ evidence, predictions }: Parts): Evaluation['calibration'] {
  const { scores } = predictions
  if (scores === undefined || evidence.task !== 'binary') return null
  if (scores.some((score) => score < 0 || score > 1)) return null
  return calibration(evidence.truth, scores, calibrationBins, 'width').map((bin) => ({
    low: bin.lower,
    high: bin.upper,
    count: bin.rows,
    meanScore: bin.meanScore,
    observedShare: bin.observed,
  }))
}
