import { join, resolve } from 'node:path'
import type { BaseBranch } from '@headgate/base-branch'
import { atBase } from '@headgate/base-branch'
import { kebab } from '@headgate/core'
import { digestFile, readText } from '@headgate/files'
import type { GateSettings, Policy, Rulebook } from '@headgate/gate'
import { gateBlock, readPolicy, ruleText } from '@headgate/gate'
import type { Ports } from './ports.ts'

/** The gate's own settings that say what is checked and how; where the candidate lies is the run's business. */
const decisive = [
  'baseline',
  'testData',
  'id',
  'label',
  'prediction',
  'score',
  'classes',
  'positive',
  'weight',
  'predict',
  'seed',
  'registry',
  'store',
] as const
const reported = ['slices', 'metrics'] as const

/**
 * The settings and the policy that hold. On a pull request they are the base branch's: settings of its own fill only
 * what the base leaves open, and then `warn` is the best verdict.
 */
export async function openRulebook(own: GateSettings, ports: Ports): Promise<Rulebook> {
  const readOwn = (path: string) => readText(join(ports.workspace, path))
  const { base } = ports
  if (base === undefined) return alone(own, await readPolicy(own.policy, own, readOwn), [])
  const found = await base.settings(gateBlock, own)
  if (found.settings === undefined) {
    const caveat = `The policy is the pull request’s own: ${found.reason}`
    return alone(own, await readPolicy(own.policy, own, readOwn), [caveat])
  }
  if (found.settings.policy === undefined) {
    const caveat = `The policy is the pull request’s own: ${base.ref} has none.`
    return alone(own, await readPolicy(own.policy, own, readOwn), [caveat])
  }
  const settings = { ...own, ...given(found.settings, own) }
  const { policy: setting, config } = found.settings
  const policy = await atBase(base.ref, () => readPolicy(setting, { config, model: own.model }, base.read))
  const filled = decisive.filter((key) => found.settings[key] === undefined && own[key] !== undefined)
  const caveats = filled.map((key) => `\`${kebab(key)}\` is the pull request’s own: ${base.ref} does not set it.`)
  caveats.push(...(await changedRows(settings, base, ports)))
  const changed = await changes(found.settings, own, policy, () => readPolicy(own.policy, own, readOwn))
  return { settings, policy, ref: base.ref, changed, caveats }
}

/** Test rows that the pull request changes, or brings, would let it be judged by rows of its own making. */
async function changedRows({ testData }: GateSettings, base: BaseBranch, ports: Ports): Promise<string[]> {
  if (testData === undefined) return []
  const before = await base.digest(testData)
  if (before === undefined) {
    // Rows that no branch tracks were brought by a step of the job.
    const isBrought = await ports.isTracked(testData)
    return isBrought ? [`${testData} is the pull request’s own: ${base.ref} does not have it.`] : []
  }
  const now = await digestFile(resolve(ports.workspace, testData)).catch(() => undefined)
  return now === undefined || now.digest === before
    ? []
    : [`${testData} is the pull request’s own: ${base.ref} has other rows.`]
}

function alone(settings: GateSettings, policy: Policy, caveats: readonly string[]): Rulebook {
  return { settings, policy, ref: null, changed: undefined, caveats }
}

/** The base's settings over the pull request's, which could otherwise accept a first model by itself. */
function given(base: GateSettings, own: GateSettings): Partial<GateSettings> {
  const kept = [...decisive, ...reported].map((key) => [key, base[key] ?? own[key]] as const)
  const { bootstrap, policy, name, ledger } = base
  return { ...Object.fromEntries(kept), bootstrap, policy, name, ledger }
}

async function changes(
  base: GateSettings,
  own: GateSettings,
  policy: Policy,
  readOwn: () => Promise<Policy>,
): Promise<string | undefined> {
  const ownRules = own.policy === undefined ? [] : await readOwn().then(({ rules }) => rules.map(ruleText), unreadable)
  const keys = [...decisive, ...reported, 'bootstrap', 'name'] as const
  const lines = [
    ...diff(policy.rules.map(ruleText), ownRules),
    ...keys.flatMap((key) => (own[key] === undefined ? [] : changesOf(key, base[key], own[key]))),
  ]
  return lines.length === 0 ? undefined : lines.join('\n')
}

function unreadable(): string[] {
  return ['(cannot be read)']
}

/** Where versions and bytes are may hold what a variable holds, and is nobody's to read in a comment. */
const untold: ReadonlySet<string> = new Set(['registry', 'store'])

function changesOf(key: string, before: unknown, after: unknown): string[] {
  if (!untold.has(key) || before === after) return diff(line(key, before), line(key, after))
  return [...(before === undefined ? [] : [`- ${key}: …`]), `+ ${key}: (another)`]
}

function line(key: string, value: unknown): string[] {
  return value === undefined ? [] : [`${kebab(key)}: ${Array.isArray(value) ? `[${value.join(', ')}]` : String(value)}`]
}

function diff(before: readonly string[], after: readonly string[]): string[] {
  const gone = before.filter((text) => !after.includes(text)).map((text) => `- ${text}`)
  const come = after.filter((text) => !before.includes(text)).map((text) => `+ ${text}`)
  return [...gone, ...come]
}
