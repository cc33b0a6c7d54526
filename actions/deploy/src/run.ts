import type { Findings, Model, Problem, Run, Settings } from '@headgate/core'
import { mayWrite, Refusal, registeredName, UserError } from '@headgate/core'
import { admit, checkChampion } from './admission.ts'
import { bodyOf, deploy, type Order } from './deployment.ts'
import { type History, historyOf } from './history.ts'
import { stepNames } from './journal.ts'
import type { Ports } from './ports.ts'
import { readSmoke } from './smoke.ts'
import type { rollbackStage, stage } from './stage.ts'

type DeploySettings = Settings<typeof stage>

/** Deploys a registered version: served beside the old one, checked, given the traffic, promoted. */
export const run: Run<typeof stage, Ports> = async (settings, ports) => {
  refuseUnsafe(settings, ports)
  const asked = settings.modelVersion?.replace(/^v/, '')
  const model = await find(settings, ports, asked === undefined ? { alias: settings.alias } : { version: asked })
  const reason = asked === undefined ? `it was the ${settings.alias}` : `version ${asked} was asked for`
  return carryOut(settings, ports, model, reason, false)
}

/** Serves an earlier good version again. */
export const rollback: Run<typeof rollbackStage, Ports> = async (settings, ports) => {
  refuseUnsafe(settings, ports)
  const serving = await ports.target.serving()
  const to = settings.to?.replace(/^v/, '') ?? (await lastGood(settings, ports, serving?.version))
  const model = await find(settings, ports, { version: to })
  const reason = `rollback from ${serving?.version ?? 'nothing'} to ${to}: ${settings.reason}`
  return { ...(await carryOut(settings, ports, model, reason, true)) }
}

async function carryOut(
  settings: DeploySettings,
  ports: Ports,
  model: Model,
  reason: string,
  isRollback: boolean,
): Promise<Findings<typeof stage>> {
  const smoke = await readSmoke(ports.workspace, settings.smoke)
  const prepare = () => placeOrder(settings, ports, model, { reason, isRollback, smoke })
  if (settings.dryRun) return rehearse(await prepare(), ports)
  for (const sentence of await ports.target.open()) ports.log.notice(sentence)
  try {
    return await deploy(await prepare(), ports)
  } finally {
    await ports.target.close()
  }
}

/** Asks who the champion is only once no other deployment to this environment can move it. */
async function placeOrder(
  settings: DeploySettings,
  ports: Ports,
  model: Model,
  given: Pick<Order, 'reason' | 'isRollback' | 'smoke'>,
): Promise<Order> {
  const { isRollback } = given
  // A ledger that cannot be trusted stops the run before any traffic moves.
  if (mayWrite(ports.context)) await ports.ledger.read(model.name)
  const champion = await ports.registry.resolve(model.name, { alias: 'champion' })
  const plan = async (): Promise<string> => {
    if (isRollback && (await readHistory(settings, ports)).served.has(model.version))
      return 'It was deployed here before, with success.'
    const seen = admit(model, await ports.evaluation(model))
    if (settings.production && !isRollback) checkChampion(model, champion)
    return seen
  }
  return { settings, model, champion: champion?.version ?? null, plan, ...given }
}

function refuseUnsafe(settings: DeploySettings, { context, target }: Ports): void {
  const problems: Problem[] = []
  const isPreview = settings.environment === 'preview'
  if (context.ephemeral && target.isOnThisMachine && !isPreview) {
    const what = 'this runner goes away with its job, and what it serves with it.'
    problems.push({ what, fix: 'Deploy from a self-hosted runner, or to `environment: preview`.' })
  }
  if (!mayWrite(context) && !isPreview)
    problems.push({
      what: 'only the default branch deploys: this is a pull request, another branch or a tag.',
      fix: 'Deploy to `environment: preview`, or after the merge.',
    })
  if (settings.production && isPreview) problems.push({ what: '`environment: preview` cannot be `production: true`.' })
  if (problems.length > 0) throw new UserError(problems)
}

async function find(
  settings: DeploySettings,
  ports: Ports,
  which: { version: string } | { alias: string },
): Promise<Model> {
  const name = registeredName(settings)
  const model = await ports.registry.resolve(name, which)
  if (model) return model
  const what =
    'alias' in which
      ? `no version of ${name} has the alias ${which.alias}.`
      : `${name} has no version ${which.version}.`
  throw new UserError({ what, fix: 'Register a version before, or name one with `--model-version`.' })
}

/** The last version that was good here before the one that serves; one that was rolled back from is none. */
async function lastGood(settings: DeploySettings, ports: Ports, serving: string | undefined): Promise<string> {
  const { good, left } = await readHistory(settings, ports)
  const last = good.findLast((version) => version !== serving)
  if (last !== undefined) return last
  const told = left.length === 0 ? '' : `; rolled back from before: ${left.join(', ')}`
  throw new UserError({
    what: `the ledger knows no other good version of ${settings.environment}${told}.`,
    fix: 'Say which with --to.',
  })
}

async function readHistory(settings: DeploySettings, ports: Ports): Promise<History> {
  const { entries } = await ports.ledger.read(registeredName(settings))
  return historyOf(entries, settings.environment)
}

/** Says what a deployment would do. */
async function rehearse(order: Order, ports: Ports): Promise<Findings<typeof stage>> {
  const { settings, model, champion } = order
  const { target } = ports
  const serving = await target.serving()
  const seen = await order.plan().catch((error: unknown) => {
    if (error instanceof Refusal) return `It would be refused: ${error.message}`
    throw error
  })
  const moves = [
    `${target.endpoint}: traffic from ${serving?.version ?? 'nothing'} to ${model.version}`,
    ...(settings.production ? [`alias champion: from ${champion ?? 'nothing'} to ${model.version}`] : []),
    `ledger ${settings.ledger.ref}: deployment${settings.production ? ' and promotion' : ''} of ${model.version}`,
  ]
  for (const move of moves) ports.log.notice(`Would move ${move}.`)
  const steps = stepNames.map((name) => {
    const evidence = name === 'plan' ? seen : 'Dry run.'
    return { name, status: 'skipped' as const, startedAt: null, durationMs: null, evidence }
  })
  const body = { ...bodyOf(order, ports, serving), steps }
  return { verdict: 'inconclusive', exitCode: 0, summary: `Dry run: ${moves.join('; ')}.`, inputs: [], body }
}
