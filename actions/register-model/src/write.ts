import type { Model, Training } from '@headgate/core'
import type { NewEntry } from '@headgate/ledger'
import type { Assignment, Registered, Registration, Registry } from '@headgate/registries'
import type { Source } from '@headgate/stores'
import type { Ports } from './ports.ts'

/** What is to be written, once it is known that it may. */
export interface Order {
  readonly registration: Registration
  readonly alias: string
  /** Who was champion when that was decided. */
  readonly champion: string | null
  readonly sources: readonly Source[]
  /** The training that it came of; `undefined` where that is unknown. */
  readonly training: Training | undefined
}

/**
 * Writes bytes, tag, the ledger's registration, alias and the ledger's promotion, in this order, leaving out what is
 * there.
 */
export async function write(order: Order, ports: Ports): Promise<Registered> {
  const { registration, sources } = order
  const { name, digest } = registration
  // A ledger that cannot be trusted stops the run before anything is written.
  await ports.ledger.read(name)
  const { model: planned } = await ports.registry.plan(registration)
  const kept = new Set([...planned.files, ...planned.attachments].map((file) => file.digest))
  await ports.store.put(
    { name, digest },
    sources.filter((source) => kept.has(source.digest)),
  )
  const { model, isNew } = await ports.registry.register(registration)
  ports.log.info(
    isNew ? `Registered ${model.registry.reference}.` : `${model.registry.reference} was registered before.`,
  )
  const { head } = await ports.ledger.append(name, [
    ...(order.training ? [trainingEntry(model, order.training, ports)] : []),
    registrationEntry(model, ports),
  ])
  const assignment = await giveAlias(order, model, head, ports)
  if (assignment?.alias === 'champion') await ports.ledger.append(name, [promotionEntry(model, assignment, ports)])
  return { model: (await ports.registry.resolve(name, { version: model.version })) ?? model, isNew }
}

/** Gives the alias, unless this version had it before: then it may have moved on, and stays where it is. */
async function giveAlias(
  { alias, champion }: Order,
  model: Model,
  ledgerHead: string | null,
  ports: Ports,
): Promise<Assignment | undefined> {
  const given = await assignmentOf(ports.registry, model, alias)
  if (given) return given
  const { name, version } = model
  const expected = alias === 'champion' ? { expected: champion } : {}
  await ports.registry.promote({ name, version, alias, ...expected, reason: 'registered', ledgerHead })
  ports.log.info(`${name} ${version} is the ${alias} now.`)
  return assignmentOf(ports.registry, model, alias)
}

/** Whether a version got an alias before. */
export async function isAliasGiven(registry: Registry, model: Model, alias: string): Promise<boolean> {
  return (await assignmentOf(registry, model, alias)) !== undefined
}

async function assignmentOf(registry: Registry, model: Model, alias: string): Promise<Assignment | undefined> {
  const history = await registry.history(model.name)
  return history.find((one) => one.isAssigned && one.alias === alias && one.version === model.version)
}

/** The ids follow from the tags, so that a second run writes no second entry. */
function registrationEntry(model: Model, ports: Ports): NewEntry {
  const { registry, lineage } = model
  return {
    ...commonOf(model, ports),
    kind: 'registration',
    id: `registration-${registry.reference}`,
    tag: registry.reference,
    key: lineage.training?.key ?? null,
    verdict: lineage.evaluation?.verdict ?? null,
  }
}

/** How long it took, by which the next one’s duration is told, and what a change of its inputs is told by. */
function trainingEntry({ version }: Model, { run, key, keyParts }: Training, ports: Ports): NewEntry {
  const { commit, actor, run: ciRun } = ports.context
  return {
    kind: 'training',
    id: `training-${run.id}`,
    commit,
    actor,
    ...(ciRun ? { run: { id: ciRun.id, url: ciRun.url } } : {}),
    key,
    version,
    durationMs: Math.max(0, Date.parse(run.finishedAt ?? run.startedAt) - Date.parse(run.startedAt)),
    runId: run.id,
    executor: run.executor,
    keyParts,
  }
}

function promotionEntry(model: Model, { alias, reference, reason, previous }: Assignment, ports: Ports): NewEntry {
  const id = `promotion-${reference}`
  return { ...commonOf(model, ports), kind: 'promotion', id, alias, previous, reason: reason ?? 'registered' }
}

function commonOf({ version, digest }: Model, { context: { commit, actor, run } }: Ports) {
  return { commit, actor, version, digest, ...(run ? { run: { id: run.id, url: run.url } } : {}) }
}
