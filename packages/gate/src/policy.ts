import type { Digest, Place, Problem, Rule } from '@headgate/core'
import { camelKeys, digestOfValue, kebab, limitsOf, nearest, ruleSchema, UserError } from '@headgate/core'
import { readModel, readSettingsFile } from '@headgate/settings'
import type { MetricName } from '@headgate/statistics'
import { isMetricName, metrics } from '@headgate/statistics'
import { z } from 'zod'
import type { GateSettings } from './settings.ts'

/** A rule whose metric is known. */
export type GateRule = Rule & { readonly metric: MetricName }

/** The rules, and where they were written. */
export interface Policy {
  readonly rules: readonly GateRule[]
  readonly path: string
  readonly digest: Digest
}

const policyFile = z.union([z.array(ruleSchema), z.strictObject({ policy: z.array(ruleSchema) })])

type Read = (path: string) => Promise<string | undefined>

/**
 * The policy of a setting: a list of rules, or the path of a YAML file with one (alone, or under `policy:`).
 * @throws UserError with every mistake in it, each at its line.
 */
export async function readPolicy(
  setting: string | readonly Rule[] | undefined,
  { config, model }: Pick<GateSettings, 'config' | 'model'>,
  read: Read,
): Promise<Policy> {
  const path = typeof setting === 'string' ? setting : config
  const rules = typeof setting === 'string' ? await rulesOfFile(setting, read) : (setting ?? [])
  const problems = rules.map((rule, index) => problemsOf(rule, `rule ${index + 1} of the policy`))
  if (problems.some(({ length }) => length > 0)) {
    const place = typeof setting === 'string' ? await placesOfFile(setting, read) : await placesOf(config, model, read)
    throw new UserError(problems.flatMap((found, index) => found.map((one) => ({ ...one, where: place(index) }))))
  }
  return { rules: rules as readonly GateRule[], path, digest: digestOfValue(rules) }
}

type PlaceOfRule = (index: number) => Place

async function placesOf(config: string, model: string, read: Read): Promise<PlaceOfRule> {
  const policy = (await readModel(config, model, 'evaluate-gate', read))?.values.get('policy')
  return (index) => policy?.place([String(index)]) ?? { file: config }
}

async function placesOfFile(path: string, read: Read): Promise<PlaceOfRule> {
  const file = readSettingsFile((await read(path)) ?? '', path)
  return (index) => file.place([...(isWrapped(file.value) ? ['policy'] : []), String(index)])
}

async function rulesOfFile(path: string, read: Read): Promise<Rule[]> {
  const text = await read(path)
  if (text === undefined) throw new UserError({ what: 'there is no such policy file.', where: { file: path } })
  const file = readSettingsFile(text, path)
  const parsed = policyFile.safeParse(camelKeys(file.value, policyFile))
  if (parsed.success) return Array.isArray(parsed.data) ? parsed.data : parsed.data.policy
  const list = z.array(ruleSchema)
  const inner = isWrapped(file.value) ? file.value.policy : file.value
  const issues = list.safeParse(camelKeys(inner, list)).error?.issues ?? parsed.error.issues
  const prefix = isWrapped(file.value) ? ['policy'] : []
  throw new UserError(
    issues.map((issue) => ({
      what: `${issue.path.map((key) => kebab(String(key))).join('.') || 'the policy'}: ${issue.message}.`,
      where: file.place([...prefix, ...issue.path.map((key) => kebab(String(key)))]),
    })),
  )
}

function isWrapped(value: unknown): value is { readonly policy: unknown } {
  return typeof value === 'object' && value !== null && 'policy' in value
}

function problemsOf(rule: Rule, name: string): Problem[] {
  const found = unknownMetric(rule.metric, name)
  const refuse = (what: string, fix: string): void => void found.push({ what: `${name}: ${what}`, fix })
  if (limitsOf(rule).length === 0) {
    const fix =
      'Give it `min`, `max`, `max-loss`, `min-gain` or `max-gap`, or name the metric under `metrics` to report it.'
    refuse(`${rule.metric} has no limit.`, fix)
  }
  if (rule.maxGap !== undefined && (rule.slice === undefined || rule.slice.includes('=')))
    refuse('`max-gap` holds between the values of a column.', 'Set `slice` to that column.')
  if (rule.relative && rule.maxLoss === undefined && rule.minGain === undefined)
    refuse('`relative` says nothing without `max-loss` or `min-gain`.', 'Leave it out.')
  if (rule.min !== undefined && rule.max !== undefined && rule.min > rule.max)
    refuse(`no value is both at least ${rule.min} and at most ${rule.max}.`, 'Mend `min` or `max`.')
  return found
}

/**
 * The metrics of the rules and those to report, each once.
 * @throws UserError for unknown ones, and when they are not all of one task.
 */
export function metricNames({ rules }: Policy, asked: readonly string[]): MetricName[] {
  const problems = asked.flatMap((name) => unknownMetric(name, '`metrics`'))
  if (problems.length > 0) throw new UserError(problems)
  const names = [...new Set([...rules.map(({ metric }) => metric), ...(asked as MetricName[])])]
  const tasks = Map.groupBy(names, (name) => metrics[name].task)
  if (tasks.size < 2) return names
  const groups = [...tasks].map(([task, group]) => `${group.join(', ')} (${task})`)
  throw new UserError({
    what: `one model cannot be judged by ${groups.join(' and ')}.`,
    fix: 'Keep those of one task.',
  })
}

/** The mistake in a metric's name, with the nearest name there is. */
function unknownMetric(metric: string, name: string): Problem[] {
  if (isMetricName(metric)) return []
  const known = Object.keys(metrics)
  const near = nearest(metric, known)
  const fix = near === undefined ? `Known: ${known.join(', ')}.` : `Did you mean "${near}"?`
  return [{ what: `${name}: there is no metric "${metric}".`, fix }]
}

/** Whether a rule needs a baseline. */
export function isComparison(rule: Rule): boolean {
  return rule.maxLoss !== undefined || rule.minGain !== undefined
}

/** `{ metric: roc_auc, max-loss: 0.02 }`: a rule as it stands in YAML. */
export function ruleText(rule: Rule): string {
  const parts = Object.entries(rule).flatMap(([key, value]) => (value === undefined ? [] : [`${kebab(key)}: ${value}`]))
  return `{ ${parts.join(', ')} }`
}
