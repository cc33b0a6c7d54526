import type { Model } from '@headgate/core'
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
}

/** Writes bytes, tag, alias and ledger, in this order, leaving out what is there. */
export async function write(order: Order, ports: Ports): Promise<Registered> {
  const { registration, sources } = order
  const { name, digest } = registration
  const before = await ports.registry.history(name)
  await ports.ledger.verify(before.flatMap(({ ledgerHead }) => ledgerHead ?? []))
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
  const assignment = await giveAlias(order, model, ports)
  await ports.ledger.append(name, entriesOf(model, assignment, ports))
  return { model: (await ports.registry.resolve(name, { version: model.version })) ?? model, isNew }
}

/** Gives the alias, unless this version had it before: then it may have moved on, and stays where it is. */
async function giveAlias(order: Order, model: Model, ports: Ports): Promise<Assignment | undefined> {
  const { registration, alias, champion } = order
  const given = await assignmentOf(ports.registry, model, alias)
  if (given) return given
  const { head } = await ports.ledger.read(registration.name)
  const { name, version } = model
  const expected = alias === 'champion' ? { expected: champion } : {}
  await ports.registry.promote({ name, version, alias, ...expected, reason: 'registered', ledgerHead: head })
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
function entriesOf(model: Model, assignment: Assignment | undefined, { context }: Ports): NewEntry[] {
  const { version, digest, registry, lineage } = model
  const { commit, actor, run } = context
  const common = { commit, actor, version, digest, ...(run ? { run: { id: run.id, url: run.url } } : {}) }
  const registration: NewEntry = {
    ...common,
    kind: 'registration',
    id: `registration-${registry.reference}`,
    tag: registry.reference,
    key: lineage.training?.key ?? null,
    verdict: lineage.evaluation?.verdict ?? null,
  }
  if (assignment?.alias !== 'champion') return [registration]
  const { alias, reference, reason, previous } = assignment
  const id = `promotion-${reference}`
  return [registration, { ...common, kind: 'promotion', id, alias, previous, reason: reason ?? 'registered' }]
}
