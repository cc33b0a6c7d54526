import { relative, resolve } from 'node:path'
import type { Evaluation, Findings, Problem, Run } from '@headgate/core'
import { digestOf, isPromotable, UserError } from '@headgate/core'
import { digestFile } from '@headgate/files'
import type { MetricName } from '@headgate/statistics'
import { calibration, confusion, metrics } from '@headgate/statistics'
import type { Rulebook } from './base.ts'
import { openRulebook } from './base.ts'
import type { Baseline } from './baseline.ts'
import { findBaseline } from './baseline.ts'
import type { Candidate } from './candidate.ts'
import { findCandidate } from './candidate.ts'
import type { Evidence } from './evidence.ts'
import { readEvidence } from './evidence.ts'
import type { Judged } from './judgement.ts'
import { judge } from './judgement.ts'
import { labelText } from './labels.ts'
import { unknownMetric } from './policy.ts'
import type { Ports } from './ports.ts'
import type { Predictions } from './predictions.ts'
import { readPredictions } from './predictions.ts'
import { many, rolesOf } from './roles.ts'
import { sliceColumns, sliceProblems } from './slices.ts'
import type { GateSettings, stage } from './stage.ts'
import { summaryOf } from './summary.ts'
import { verdictOf } from './verdict.ts'

const defaultSeed = 7

/** Decides whether the candidate may be registered: by the policy, on the evidence, against the baseline. */
export const run: Run<typeof stage, Ports> = async (own, ports) => {
  const rulebook = await openRulebook(own, ports)
  const { settings, policy, caveats } = rulebook
  for (const caveat of caveats) ports.log.warning(caveat)
  const names = metricNames(rulebook)
  const candidate = await findCandidate(settings, ports)
  const evidence = await evidenceFor(rulebook, names, candidate, ports)
  const roles = rolesOf(settings)
  const read = (path: string) => readPredictions(path, evidence, roles, names)
  const [predictions, baseline] = await both(read(candidate.path), (needsMore) =>
    needsMore ? Promise.resolve(undefined) : findBaseline({ settings, evidence, ports, read }),
  )
  const { absence } = baseline
  const bootstrap = isBootstrap(settings, baseline, ports)
  const judged = judge({
    evidence,
    candidate: predictions,
    baseline: baseline.predictions,
    baselineName: baseline.name,
    unpaired: baseline.unpaired,
    withoutBaseline: absence !== undefined,
    rules: policy.rules,
    reported: { metrics: names, columns: many(settings.slices) },
    seed: settings.seed ?? defaultSeed,
  })
  const verdict = verdictOf(judged, {
    evidence: evidence.kind,
    isOwn: caveats.length > 0,
    noBaseline: absence !== undefined,
    bootstrap,
  })
  const accepted = bootstrap && isPromotable(verdict)
  const body = bodyOf({ rulebook, candidate, evidence, predictions, baseline, judged, bootstrap: accepted })
  const summary = summaryOf(judged, { verdict, evidence: evidence.kind, absence, bootstrap, caveats })
  return { verdict, summary, inputs: await inputsOf(rulebook, evidence, candidate, baseline, ports), body }
}

/** Mistakes in the candidate's predictions and in a baseline file are told together. */
async function both(
  candidate: Promise<Predictions>,
  baseline: (needsMore: boolean) => Promise<Baseline | undefined>,
): Promise<[Predictions, Baseline]> {
  const problems: Problem[] = []
  const gather = (error: unknown): undefined => {
    if (!(error instanceof UserError)) throw error
    problems.push(...error.problems)
  }
  const first = await candidate.catch(gather)
  const second = await baseline(false).catch(gather)
  if (problems.length > 0 || first === undefined || second === undefined) throw new UserError(problems)
  return [first, second]
}

/** The metrics of the policy and those to report, all of one task. */
function metricNames({ settings, policy }: Rulebook): MetricName[] {
  const asked = many(settings.metrics)
  const problems = asked.flatMap((name) => unknownMetric(name, '`metrics`'))
  if (problems.length > 0) throw new UserError(problems)
  const names = [...new Set([...policy.rules.map(({ metric }) => metric), ...(asked as MetricName[])])]
  const tasks = Map.groupBy(names, (name) => metrics[name].task)
  if (tasks.size < 2) return names
  const groups = [...tasks].map(([task, group]) => `${group.join(', ')} (${task})`)
  throw new UserError({
    what: `one model cannot be judged by ${groups.join(' and ')}.`,
    fix: 'Keep those of one task.',
  })
}

function evidenceFor(
  { settings, policy }: Rulebook,
  names: readonly MetricName[],
  candidate: Candidate,
  ports: Ports,
): Promise<Evidence> {
  const { testData, classes, positive } = settings
  return readEvidence({
    kind: testData === undefined ? 'self-reported' : 'held-out',
    path: testData === undefined ? candidate.path : resolve(ports.workspace, testData),
    source: testData ?? candidate.facts.source,
    roles: rolesOf(settings),
    metrics: names,
    sliceColumns: sliceColumns(policy.rules, many(settings.slices)),
    choice: {
      classes: classes === undefined ? undefined : many(classes).map(labelText),
      positive: positive === undefined ? undefined : labelText(String(positive)),
    },
    needsIds: testData !== undefined || settings.baseline !== undefined,
  }).then((evidence) => {
    const problems = sliceProblems(evidence, evidence.source)
    if (problems.length > 0) throw new UserError(problems)
    return evidence
  })
}

/** Whether a first model may be accepted: only while there never was another. */
function isBootstrap({ bootstrap = false }: GateSettings, { absence, facts }: Baseline, ports: Ports): boolean {
  if (!bootstrap) return false
  if (absence?.isFirst) return true
  if (facts.kind === 'champion' || absence !== undefined)
    ports.log.notice(`\`bootstrap\` is ignored: ${absence?.reason ?? `v${facts.version} is champion.`}`)
  return false
}

interface Parts {
  readonly rulebook: Rulebook
  readonly candidate: Candidate
  readonly evidence: Evidence
  readonly predictions: Predictions
  readonly baseline: Baseline
  readonly judged: readonly Judged[]
  readonly bootstrap: boolean
}

function bodyOf(parts: Parts): Evaluation {
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
    bootstrap: parts.bootstrap,
    seed: settings.seed ?? defaultSeed,
    metrics: parts.judged.map(({ result }) => result),
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

async function inputsOf(
  { settings, policy, ref }: Rulebook,
  evidence: Evidence,
  candidate: Candidate,
  baseline: Baseline,
  ports: Ports,
): Promise<Findings<typeof stage>['inputs']> {
  const inputs = [{ path: candidate.facts.source, digest: candidate.facts.digest }]
  if (evidence.kind === 'held-out') inputs.push({ path: evidence.source, digest: evidence.digest })
  if (baseline.source !== undefined && baseline.facts.digest !== null)
    inputs.push({ path: baseline.source, digest: baseline.facts.digest })
  if (typeof settings.policy === 'string') {
    const path = relative(ports.workspace, resolve(ports.workspace, policy.path))
    const text = ref === null ? undefined : await ports.base?.read(policy.path)
    const digest =
      text === undefined ? (await digestFile(resolve(ports.workspace, policy.path))).digest : digestOf(text)
    inputs.push({ path, digest })
  }
  return inputs
}
