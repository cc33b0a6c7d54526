import type { Digest, Model } from '@headgate/core'
import { digestOf, isPromotable, parseDocument, Refusal, verdictSchema } from '@headgate/core'

/**
 * Whether a version may be served, by the evidence of its lineage.
 * @param evaluation the text of the evaluation that is kept with the version, if it is at hand.
 * @returns what was seen.
 * @throws Refusal when its gate did not accept it, or the evidence is not what was recorded.
 */
export function admit(model: Model, evaluation: string | undefined): string {
  const { lineage } = model
  if (lineage.imported) return 'The version was adopted from production: its lineage is unknown.'
  if (lineage.evaluation === null) throw new Refusal(`Version ${model.version} was registered without an evaluation.`)
  const { digest, bootstrap, baseline, recomputed } = lineage.evaluation
  const verdict = verdictSchema.safeParse(lineage.evaluation.verdict).data
  const isAcceptedBootstrap = verdict === 'no-baseline' && bootstrap
  if (verdict === undefined || !(isPromotable(verdict) || isAcceptedBootstrap))
    throw new Refusal(`The gate of version ${model.version} said ${verdict ?? 'nothing'}: it may not be deployed.`)
  if (recomputed !== true)
    throw new Refusal(
      `The record of version ${model.version} does not say that its verdict was recomputed when it was registered: run \`headgate register-model\` again where it was judged, and deploy the version that comes of it.`,
    )
  const checked = evaluation === undefined ? 'its evaluation is not at hand' : check(model, evaluation, digest, verdict)
  const held = baseline === null ? '' : ` against ${baseline}`
  return `The gate said ${verdict}${held}${bootstrap ? ' (bootstrap)' : ''}, recomputed when it was registered; ${checked}.`
}

function check(model: Model, text: string, digest: Digest, verdict: string): string {
  const found = digestOf(text)
  if (found !== digest)
    throw new Refusal(
      `The evaluation kept with version ${model.version} has the digest ${found}; its lineage names ${digest}.`,
    )
  const document = parseDocument('evaluation', text, 'evaluation.json')
  if (document.verdict !== verdict)
    throw new Refusal(
      `The evaluation of version ${model.version} (${digest}) says ${document.verdict}, its lineage ${verdict}: it may not be deployed.`,
    )
  const { modelDigest } = document.candidate
  if (modelDigest !== null && modelDigest !== model.digest)
    throw new Refusal(
      `The evaluation of version ${model.version} is of another model (${modelDigest}, not ${model.digest}).`,
    )
  return 'its evaluation has the recorded digest and verdict'
}

/**
 * Whether the champion is still the one against which the gate compared this version.
 * @throws Refusal when it moved.
 */
export function checkChampion(model: Model, champion: Model | undefined): void {
  const { evaluation, imported } = model.lineage
  if (imported || champion === undefined || champion.version === model.version || evaluation === null) return
  const baseline = evaluation.baseline?.replace(/^v/, '')
  const isVersion = baseline !== undefined && /^\d+\.\d+\.\d+/.test(baseline)
  if (isVersion ? baseline === champion.version : !evaluation.bootstrap) return
  const against = isVersion ? `v${baseline}` : 'no champion'
  throw new Refusal(
    `Version ${model.version} was gated against ${against}, but the champion is v${champion.version} now: gate again against v${champion.version}.`,
  )
}
