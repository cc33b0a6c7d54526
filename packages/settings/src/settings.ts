import { resolve } from 'node:path'
import type { CommonSettings, Field, Problem, Settings, SettingsBlock } from '@headgate/core'
import { camelKeys, commonSettings, fields, readText, UserError } from '@headgate/core'
import { z } from 'zod'
import { mistakesIn } from './mistake.ts'
import { type Placed, type ReadFile, readModel } from './model.ts'
import { resolveSecrets } from './secrets.ts'

/** Where settings come from. */
export interface SettingsSource {
  /** A flag or action input by its kebab-case name; `undefined` or empty means not given. */
  readonly input: (name: string) => string | undefined
  readonly read: ReadFile
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Absolute path of the work tree. */
  readonly workspace: string
}

/**
 * A stage's settings. Flag or input > stage block > model > `extends` > schema default.
 * @throws UserError with every mistake at once: unknown keys, wrong types, missing settings, literal passwords.
 */
export async function loadSettings<S extends SettingsBlock>(stage: S, source: SettingsSource): Promise<Settings<S>> {
  const known = fields(stage)
  const problems: Problem[] = []
  const given = readInputs(known, source, problems)
  const config = String(given.get('config')?.value ?? 'headgate.yml')
  const asked = given.get('model')?.value as string | undefined
  const model = await readModel(config, asked, stage.name, source.read)
  problems.push(...(model?.problems ?? []))
  const name = model?.name ?? asked
  if (model === undefined && given.has('config'))
    problems.push({ what: `there is no settings file ${config} in ${source.workspace}.` })
  else if (name === undefined)
    problems.push({
      what: `which model is this? There is no ${config} in ${source.workspace}.`,
      fix: 'Go to the folder that has it, or say --model.',
    })
  const merged = merge(known, model?.values ?? new Map(), given, source.environment, problems)
  const checked = check(stage, merged, problems)
  if (problems.length > 0 || name === undefined) throw new UserError(problems)
  return complete(stage, checked, name, source.workspace) as Settings<S>
}

function readInputs(known: readonly Field[], source: SettingsSource, problems: Problem[]): Map<string, Placed> {
  const given = new Map<string, Placed>()
  for (const field of known) {
    const text = field.fileOnly ? undefined : source.input(field.name)
    if (text === undefined || text === '') continue
    const read = readText(field, text)
    if ('problem' in read) problems.push(read.problem)
    else given.set(field.name, { value: read.value, place: () => ({ file: `--${field.name}` }) })
  }
  return given
}

interface Merged {
  readonly values: Record<string, unknown>
  readonly places: ReadonlyMap<string, Placed>
}

function merge(
  known: readonly Field[],
  file: ReadonlyMap<string, Placed>,
  given: ReadonlyMap<string, Placed>,
  environment: SettingsSource['environment'],
  problems: Problem[],
): Merged {
  const values: Record<string, unknown> = {}
  const places = new Map<string, Placed>()
  for (const field of known) {
    const placed = given.get(field.name) ?? file.get(field.name)
    if (placed === undefined) continue
    places.set(field.key, placed)
    values[field.key] = given.has(field.name)
      ? added(field, file.get(field.name)?.value, placed.value)
      : resolveSecrets(field.name, placed.value, environment, (path) => placed.place(path), problems)
  }
  return { values, places }
}

/** Lines given as flags add to a mapping of `headgate.yml`; everything else they replace. */
function added(field: Field, fromFile: unknown, given: unknown): unknown {
  const isMapping = typeof fromFile === 'object' && fromFile !== null && !Array.isArray(fromFile)
  return field.list === 'lines' && isMapping && Array.isArray(given) ? [fromFile, ...given] : given
}

function check(stage: SettingsBlock, merged: Merged, problems: Problem[]): Record<string, unknown> {
  const schema = z.object({ ...commonSettings.shape, ...stage.settings.shape })
  const parsed = schema.safeParse(camelKeys(merged.values, schema))
  if (parsed.success) return parsed.data
  for (const [key, issues] of Map.groupBy(parsed.error.issues, ({ path }) => String(path[0]))) {
    const field = fields(stage).find((candidate) => candidate.key === key)
    const name = field?.name ?? key
    const placed = merged.places.get(key)
    if (placed === undefined)
      problems.push({
        what: `\`${name}\` is missing.`,
        fix: `${field?.description ?? ''} Set it in headgate.yml or with --${name}.`.trim(),
      })
    else {
      const given = { value: merged.values[key], place: placed.place }
      const own = issues.map((issue) => ({ ...issue, path: issue.path.slice(1) }))
      problems.push(...mistakesIn(name, schema.shape[key] as z.ZodType, given, own))
    }
  }
  return {}
}

function complete(
  stage: SettingsBlock,
  checked: Record<string, unknown>,
  model: string,
  workspace: string,
): CommonSettings & Record<string, unknown> {
  const common = checked as unknown as CommonSettings
  return {
    ...checked,
    ...common,
    model,
    workFolder: resolve(workspace, common.workFolder ?? `.headgate/${model}`),
    failOn: common.failOn ?? stage.failOn,
  }
}
