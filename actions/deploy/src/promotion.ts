import { mayWrite } from '@headgate/core'
import type { NewEntry } from '@headgate/ledger'
import type { Order } from './deployment.ts'
import type { Ports } from './ports.ts'
import type { Instance } from './targets/port.ts'

/** What of a promotion has been done; written while it is under way. */
export interface Promotion {
  moved: boolean
  recorded: boolean
}

const alias = 'champion'

/**
 * Moves the champion alias in production, and tells the ledger. What is done already is not done again, so that a
 * run that was killed in between is completed by the next.
 * @returns what was done, in words.
 */
export async function promote(order: Order, ports: Ports, instance: Instance, promotion: Promotion): Promise<string> {
  const { settings } = order
  if (!mayWrite(ports.context)) return 'Nothing is written but from the default branch.'
  const before = await ports.ledger.read(order.model.name)
  const moved = settings.production
    ? await moveAlias(order, ports, before.head, promotion)
    : 'No alias moves outside production'
  const entries = entriesOf(order, ports, instance)
  const missing = entries.filter(({ id }) => !before.entries.some((entry) => entry.id === id))
  if (missing.length === 0) return `${moved}; the ledger knows.`
  await ports.ledger.update(order.model.name, (known) =>
    entries.filter(({ id }) => !known.some((entry) => entry.id === id)),
  )
  promotion.recorded = true
  return `${moved}; the ledger has ${missing.map(({ kind }) => kind).join(' and ')}.`
}

async function moveAlias(order: Order, ports: Ports, ledgerHead: string | null, promotion: Promotion): Promise<string> {
  const { model, champion, reason } = order
  if (champion === model.version) return `${alias} is ${model.version} already`
  const { name, version } = model
  const request = { name, version, alias, expected: champion, reason, ledgerHead }
  const { previous, isMoved } = await ports.registry.promote(request)
  promotion.moved = promotion.moved || isMoved
  return isMoved ? `${alias} moved from ${previous ?? 'nothing'} to ${version}` : `${alias} is ${version} already`
}

function entriesOf(order: Order, ports: Ports, instance: Instance): (NewEntry & { id: string })[] {
  const { model, settings, champion, reason, isRollback } = order
  const { commit, actor, run } = ports.context
  const common = {
    commit: commit === '' ? null : commit,
    actor,
    ...(run ? { run: { id: run.id, url: run.url } } : {}),
    version: model.version,
    reason,
  }
  const deployment = {
    ...common,
    kind: 'deployment' as const,
    id: `deployment-${instance.id}`,
    environment: settings.environment,
    previousVersion: instance.previousVersion,
    status: 'succeeded' as const,
    endpoint: ports.target.endpoint,
    ...(isRollback ? { rollback: true } : {}),
  }
  const previous = champion === model.version ? instance.previousVersion : champion
  const promotion = {
    ...common,
    kind: 'promotion' as const,
    id: `promotion-${instance.id}`,
    alias,
    previous,
    digest: model.digest,
  }
  return settings.production ? [deployment, promotion] : [deployment]
}
