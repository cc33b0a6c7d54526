import { setTimeout } from 'node:timers/promises'
import type { Model } from '@headgate/core'
import { modelName, OutsideError, Refusal, UserError } from '@headgate/core'
import { git } from '@headgate/systems'
import { compare } from 'semver'
import type { RegistryOptions } from '../open.ts'
import type { Promoted, Promotion, Registered, Registration, Registry } from '../port.ts'
import { nextVersion, sameContent } from '../version.ts'
import { assignmentMessage, registrationMessage, unassignmentMessage } from './message.ts'
import { stageTag, versionTag } from './names.ts'
import type { Place, State } from './state.ts'
import { holderOf, readState, recordOf, registrationOf } from './state.ts'

interface Work extends Place {
  readonly location: string
  readonly now: () => Date
}

/** Versions and aliases as annotated tags that GTO reads too; what a tag holds is its record. */
export async function gitRegistry(options: RegistryOptions): Promise<Registry> {
  const { directory, token, now } = options
  const name = options.remote ?? 'origin'
  const url = await git.remoteUrl(directory, name)
  const remote = url === undefined ? undefined : { directory, name, token }
  const work: Work = { directory, remote, now, location: url === undefined ? '.' : git.withoutCredentials(url) }
  const state = (model: string) => readState(work, checkedName(model))
  return {
    kind: 'git',
    location: work.location,
    resolve: async (model, wanted) => {
      const found = await state(model)
      const version = 'version' in wanted ? wanted.version.replace(/^v/, '') : holderOf(found, wanted.alias)
      return version === undefined ? undefined : recordOf(found, version)
    },
    versions: async (model) => readable(await state(model)),
    plan: async (registration) => planned(work, await state(registration.name), registration),
    register: (registration) => register(work, registration),
    promote: (promotion) => promote(work, promotion),
    history: async (model) => (await state(model)).assignments,
  }
}

function checkedName(name: string): string {
  if (modelName.test(name) && !name.includes('//')) return name
  throw new UserError({ what: `${JSON.stringify(name)} is no name for a model: use a–z, 0–9, "-" and "/".` })
}

/** Versions that other tools registered have no record, and are passed over. */
function readable(state: State): Model[] {
  const models = [...state.taken].sort(compare).map((version) => {
    try {
      return recordOf(state, version)
    } catch (error) {
      if (error instanceof UserError) return undefined
      throw error
    }
  })
  return models.filter((model) => model !== undefined)
}

function planned(work: Work, state: State, registration: Registration): Registered {
  const before = sameContent(readable(state), registration)
  if (before) return { model: before, isNew: false }
  const { bump, commit: _target, ...record } = registration
  const version = nextVersion(state.taken, bump)
  const registry = { kind: 'git', location: work.location, reference: versionTag(record.name, version) }
  return { model: { ...record, version, aliases: [], registry }, isNew: true }
}

const attempts = 50

async function register(work: Work, registration: Registration): Promise<Registered> {
  for (let tried = 0; tried < attempts; tried += 1) {
    const state = await readState(work, checkedName(registration.name))
    const plan = planned(work, state, registration)
    if (!plan.isNew) return plan
    const { reference } = plan.model.registry
    const target = await targetOf(work, state, registration.commit, reference)
    if (await publish(work, state, { name: reference, target, message: registrationMessage(plan.model) })) return plan
    await setTimeout(Math.random() * 200)
  }
  throw tooBusy(registration.name)
}

/**
 * The commit that a version's tag names. GTO knows one version for each commit of an artifact, so that a second one
 * (a model trained again on new data, with no new code) gets a commit of its own, of the same tree.
 */
async function targetOf(work: Work, state: State, commit: string, reference: string): Promise<string> {
  const isTaken = state.tags.some(({ says, tag }) => says.kind === 'version' && tag.target === commit)
  if (!isTaken) return commit
  const tree = await git.run(work.directory, ['rev-parse', `${commit}^{tree}`])
  return git.commitTree(work.directory, { tree, parent: commit, message: `Register ${reference}\n`, at: work.now() })
}

async function promote(work: Work, promotion: Promotion): Promise<Promoted> {
  for (let tried = 0; tried < attempts; tried += 1) {
    const state = await readState(work, checkedName(promotion.name))
    const previous = holderOf(state, promotion.alias) ?? null
    if (previous === promotion.version) return { previous, isMoved: false, reference: null }
    refuseMoved(promotion, previous)
    const reference = stageTag(promotion.name, promotion.alias, state.counter + 1)
    const tag = { name: reference, target: targetOfVersion(state, promotion), message: messageOf(promotion, previous) }
    if ((await publish(work, state, tag)) && (await isUncontested(work, state, promotion, reference)))
      return { previous, isMoved: true, reference }
    await setTimeout(Math.random() * 200)
  }
  throw tooBusy(promotion.name)
}

function refuseMoved({ name, alias, expected }: Promotion, holder: string | null): void {
  if (expected === undefined || expected === holder) return
  throw new Refusal(
    holder === null
      ? `The ${alias} of ${name} was ${expected} when the gate compared with it; now there is none. Gate again.`
      : `The ${alias} of ${name} is v${holder} now; the gate compared with ${expected === null ? 'none' : `v${expected}`}: gate again against v${holder}.`,
  )
}

function targetOfVersion(state: State, { name, version }: Promotion): string {
  const found = registrationOf(state, version)
  if (found) return found.tag.target
  throw new UserError({
    what: `${name} has no version ${version}.`,
    fix: `Registered: ${state.taken.join(', ') || 'none'}.`,
  })
}

function messageOf({ name, alias, version, reason, ledgerHead }: Promotion, previous: string | null): string {
  return assignmentMessage(name, alias, { version, reason, previous, ledger: ledgerHead ?? null })
}

/**
 * Whether nobody else moved the same alias while this one was pushed: two may have counted differently, and so have
 * made different tags. Then this one is taken back, and decided again.
 */
async function isUncontested(work: Work, before: State, promotion: Promotion, reference: string): Promise<boolean> {
  const { name, alias, version } = promotion
  const known = new Set([reference, ...before.assignments.map((assignment) => assignment.reference)])
  const state = await readState(work, name)
  const isContested = state.assignments.some((other) => other.alias === alias && !known.has(other.reference))
  if (!isContested) return true
  const note = { version, reason: 'somebody else moved it at the same time', previous: null, ledger: null }
  const tag = stageTag(name, alias, state.counter + 1, true)
  const message = unassignmentMessage(name, alias, note)
  await publish(work, state, { name: tag, target: targetOfVersion(state, promotion), message })
  return false
}

/**
 * Writes a tag that does not exist yet: on the remote first, where it counts, then here. Returns whether it did.
 * Tags of one model are at least a second apart, because GTO orders them by their time alone.
 */
async function publish(work: Work, state: State, tag: Omit<git.NewTag, 'at'>): Promise<boolean> {
  const { directory, remote } = work
  const at = new Date(Math.max(work.now().getTime(), state.newest.getTime() + 1000))
  const object = await git.makeTag(directory, { ...tag, at })
  const ref = `refs/tags/${tag.name}`
  if (remote && (await git.push(remote, [{ ref, next: object, old: '' }])) === 'lost') return false
  return (await git.moveRef(directory, ref, object, git.noObject)) || remote !== undefined
}

function tooBusy(name: string): OutsideError {
  return new OutsideError({
    tried: `Wrote a tag of ${name} ${attempts} times.`,
    state: 'Somebody else was first each time; nothing of this run is registered.',
    next: 'Run again when fewer jobs register this model.',
  })
}
