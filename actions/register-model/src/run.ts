import { join, resolve } from 'node:path'
import type { Findings, Model, Run, Settings, Verdict } from '@headgate/core'
import { mayWrite, Refusal, registeredName, UserError } from '@headgate/core'
import type { Registration } from '@headgate/registries'
import { bumpOf } from './bump.ts'
import type { Content } from './content.ts'
import { inputsOf, readContent, readDocuments, readJudged, recorded } from './content.ts'
import type { Evidence } from './evidence.ts'
import { admit, checkBaseline, readEvidence } from './evidence.ts'
import { lineageOf, unknownLineage } from './lineage.ts'
import type { Ports } from './ports.ts'
import type { Retrial } from './recomputation.ts'
import { recompute } from './recomputation.ts'
import type { stage } from './stage.ts'
import type { Order } from './write.ts'
import { isAliasGiven, write } from './write.ts'

type RegisterSettings = Settings<typeof stage>

/**
 * Registers a model that its evidence speaks for. The version's tag is the one moment at which it is registered:
 * before it lie its bytes, after it alias and ledger, and a second run completes what is missing.
 */
export const run: Run<typeof stage, Ports> = async (settings, ports) => {
  if (!mayWrite(ports.context) && !settings.dryRun)
    throw new Refusal(
      'From a pull request, another branch or a tag nothing is registered: the default branch trains again, and registers then.',
    )
  const path = settings.path ? resolve(ports.workspace, settings.path) : join(settings.workFolder, 'output', 'model')
  const evidence = settings.import ? undefined : await readEvidence(settings.workFolder)
  const content = await readContent(path)
  if (evidence) admit(evidence, content.digest)
  const order = await orderOf(settings, ports, { evidence, content })
  const { model, isNew } = settings.dryRun ? await told(order, ports) : await write(order, ports)
  return findings(model, isNew, evidence, inputsOf(evidence, path, content.digest))
}

async function orderOf(
  settings: RegisterSettings,
  ports: Ports,
  { evidence, content }: { evidence: Evidence | undefined; content: Content },
): Promise<Order> {
  const { commit } = ports.context
  if (commit === '')
    throw new UserError({
      what: 'there is no commit that a version could be of.',
      fix: 'Commit, and run in the clone.',
    })
  const { workFolder } = settings
  const predictions = evidence && (await readJudged(workFolder, ports.workspace, evidence))
  const attachments = [...(await readDocuments(workFolder)), ...(predictions ? [predictions] : [])]
  const registration: Registration = {
    name: registeredName(settings),
    bump: settings.bump === 'auto' ? bumpOf(evidence?.evaluation.document) : settings.bump,
    commit,
    digest: content.digest,
    files: content.files.map(recorded),
    attachments: attachments.map(recorded),
    lineage: evidence ? lineageOf(evidence) : unknownLineage,
    store: { kind: ports.store.kind, location: ports.store.location },
    signature: null,
  }
  const alias = settings.alias ?? (settings.import ? 'champion' : 'challenger')
  const champion = (await ports.registry.resolve(registration.name, { alias: 'champion' }))?.version ?? null
  const order = {
    registration,
    alias,
    champion,
    sources: [...content.files, ...attachments],
    training: evidence?.training.document,
  }
  await checkMay(order, ports, evidence && { workFolder, evidence, predictions })
  return order
}

/**
 * Whether what is ordered may be written. What is registered already, and has its alias, is not asked again.
 * @throws Refusal when the champion moved, or the verdict is not what it is said to be.
 */
async function checkMay(
  order: Order,
  ports: Ports,
  judged: Pick<Retrial, 'workFolder' | 'evidence' | 'predictions'> | undefined,
): Promise<void> {
  const { registration, alias, champion } = order
  const { model, isNew } = await ports.registry.plan(registration)
  if (!isNew && (champion === model.version || (await isAliasGiven(ports.registry, model, alias)))) return
  if (judged) {
    checkBaseline(judged.evidence, champion, alias)
    await recompute({ ...judged, name: registration.name, registered: isNew ? null : model.version }, ports)
  } else if (alias === 'champion' && champion !== null)
    throw new Refusal(`v${champion} is the champion already: import with \`--alias challenger\`.`)
}

/** Says what would be written. */
async function told({ registration, alias, sources }: Order, { registry, store, log }: Ports) {
  const plan = await registry.plan(registration)
  const bytes = sources.reduce((sum, source) => sum + source.bytes, 0)
  const { reference } = plan.model.registry
  if (plan.isNew) {
    log.info(`Would store ${sources.length} files (${bytes} bytes) in ${store.kind}:${store.location}.`)
    log.info(`Would write the tag ${reference} in ${registry.location}, and a registration to the ledger.`)
  } else log.info(`${reference} holds this model already.`)
  log.info(`Would make it the ${alias}, unless it was before.`)
  return plan
}

function findings(
  model: Model,
  isNew: boolean,
  evidence: Evidence | undefined,
  inputs: Findings<typeof stage>['inputs'],
): Findings<typeof stage> {
  const aliases = model.aliases.length > 0 ? ` (${model.aliases.join(', ')})` : ''
  const summary = isNew
    ? `${model.name} ${model.version}${aliases} is registered: ${reasonOf(evidence)}.`
    : `Nothing new: ${model.name} ${model.version}${aliases} holds this model, with the same training key.`
  return { verdict: verdictOf(evidence), summary, inputs, body: model }
}

function reasonOf(evidence: Evidence | undefined): string {
  if (evidence === undefined) return 'adopted from production, its lineage is unknown'
  const { verdict, baseline, bootstrap } = evidence.evaluation.document
  if (bootstrap) return 'the first model, accepted without a baseline'
  return `the gate said ${verdict}${baseline.version === null ? '' : ` against ${baseline.version}`}`
}

/** A model whose lineage is unknown is worth a warning. */
function verdictOf(evidence: Evidence | undefined): Verdict {
  return evidence === undefined ? 'warn' : evidence.evaluation.document.verdict
}
