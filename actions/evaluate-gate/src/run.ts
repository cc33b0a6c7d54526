import { relative, resolve } from 'node:path'
import type { Findings, Problem, Run } from '@headgate/core'
import { digestOf, UserError } from '@headgate/core'
import { digestFile } from '@headgate/files'
import type { Baseline, Evidence, GateSettings, Predictions, Rulebook } from '@headgate/gate'
import {
  acceptsFirst,
  assess,
  keepJudged,
  many,
  metricNames,
  openEvidence,
  readPredictions,
  rolesOf,
} from '@headgate/gate'
import { openRulebook } from './base.ts'
import type { HeldBaseline } from './baseline.ts'
import { findBaseline } from './baseline.ts'
import type { FoundCandidate } from './candidate.ts'
import { findCandidate } from './candidate.ts'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

/** Decides whether the candidate may be registered: by the policy, on the evidence, against the baseline. */
export const run: Run<typeof stage, Ports> = async (own, ports) => {
  const rulebook = await openRulebook(own, ports)
  const { settings, policy, caveats } = rulebook
  for (const caveat of caveats) ports.log.warning(caveat)
  const names = metricNames(policy, many(settings.metrics))
  const candidate = await findCandidate(settings, ports)
  const evidence = await openEvidence(rulebook, names, candidate, ports.workspace)
  const roles = rolesOf(settings)
  const read = (path: string) => readPredictions(path, evidence, roles, names)
  const [predictions, { baseline, caveats: ofBaseline }] = await both(read(candidate.path), () =>
    findBaseline({ settings, evidence, ports, read }),
  )
  for (const caveat of ofBaseline) ports.log.warning(caveat)
  const bootstrap = isBootstrap(settings, baseline, ports)
  const capped = { ...rulebook, caveats: [...caveats, ...ofBaseline] }
  const found = assess({ rulebook: capped, names, evidence, candidate, predictions, baseline, bootstrap })
  if (!own.dryRun) await keep(own, candidate, baseline)
  const { verdict, summary, body } = found
  return { verdict, summary, inputs: await inputsOf(rulebook, evidence, candidate, baseline, ports), body }
}

/** Keeps for a second job what it needs to judge again, and cannot find where training left it. */
function keep({ workFolder }: GateSettings, { path, isMade }: FoundCandidate, baseline: Baseline): Promise<void> {
  return keepJudged(workFolder, {
    ...(isMade ? { candidate: path } : {}),
    ...(baseline.path === undefined ? {} : { baseline: baseline.path }),
  })
}

/** Mistakes in the candidate's predictions and in a baseline file are told together. */
async function both(
  candidate: Promise<Predictions>,
  baseline: () => Promise<HeldBaseline>,
): Promise<[Predictions, HeldBaseline]> {
  const problems: Problem[] = []
  const gather = (error: unknown): undefined => {
    if (!(error instanceof UserError)) throw error
    problems.push(...error.problems)
  }
  const first = await candidate.catch(gather)
  const second = await baseline().catch(gather)
  if (problems.length > 0 || first === undefined || second === undefined) throw new UserError(problems)
  return [first, second]
}

/** Whether a first model may be accepted; tells where the setting is ignored. */
function isBootstrap(settings: GateSettings, baseline: Baseline, ports: Ports): boolean {
  const { absence, facts } = baseline
  const isAccepted = acceptsFirst(settings, baseline)
  if (settings.bootstrap && !isAccepted && (facts.kind === 'champion' || absence !== undefined))
    ports.log.notice(`\`bootstrap\` is ignored: ${absence?.reason ?? `v${facts.version} is champion.`}`)
  return isAccepted
}

async function inputsOf(
  { settings, policy, ref }: Rulebook,
  evidence: Evidence,
  candidate: FoundCandidate,
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
