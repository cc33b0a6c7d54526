import { type Place, type Problem, UserError } from '@headgate/core'
import { readSettingsFile, type SettingsFile } from '@headgate/settings'
import { z } from 'zod'
import { fillPlaceholders, placeholderNames } from './placeholders.ts'

const text = z.string().min(1, 'is empty')
const step = z.looseObject({}).nullish()

const recipeSchema = z.looseObject({
  recipe: z.enum(['classification/v1', 'regression/v1']),
  target_col: text,
  positive_class: z.union([text, z.number(), z.boolean()]).nullish(),
  primary_metric: text.nullish(),
  steps: z.looseObject({
    ingest: z.looseObject({
      using: text,
      location: z.union([text, z.array(text).min(1)]).optional(),
      loader_method: text.nullish(),
    }),
    split: step,
    transform: step,
    train: step,
    evaluate: z
      .looseObject({ validation_criteria: z.array(z.looseObject({ metric: text, threshold: z.number() })).nullish() })
      .nullish(),
    register: z.looseObject({ allow_non_validated_model: z.boolean().nullish() }).nullish(),
  }),
  custom_metrics: z.array(z.looseObject({ name: text })).nullish(),
  experiment: z.looseObject({ name: text.nullish(), tracking_uri: text.nullish() }).nullish(),
  model_registry: z.looseObject({ uri: text.nullish(), model_name: text.nullish() }).nullish(),
})

/** An MLflow recipe with a profile's values in it. */
export type Recipe = z.output<typeof recipeSchema>

/** A recipe, and where each of its keys stands. */
export interface ReadRecipe {
  readonly recipe: Recipe
  /** Keys of the profile that only fill placeholders. */
  readonly placeholders: ReadonlySet<string>
  place(...path: readonly (string | number)[]): Place
}

/** A file's text, and the name that messages give it. */
export interface Text {
  readonly file: string
  readonly text: string
}

/**
 * Reads `recipe.yaml` and a profile as `mlflow recipes run --profile` does: placeholders filled, both merged.
 * @throws UserError with every mistake, each at its line.
 */
export function readRecipe(recipeText: Text, profileText: Text): ReadRecipe {
  const profile = readSettingsFile(fillPlaceholders(profileText.text, profileText.file, {}), profileText.file)
  const values = record(profile)
  const rendered = fillPlaceholders(recipeText.text, recipeText.file, values)
  const main = readSettingsFile(rendered, recipeText.file)
  const own = record(main)
  const place = (...path: readonly (string | number)[]): Place => {
    const [top = ''] = path
    return (String(top) in own || !(String(top) in values) ? main : profile).place(path.map(String))
  }
  const problems = [...twice(own, profile), ...ofMlflow1(own, main)]
  const parsed = recipeSchema.safeParse({ ...values, ...own })
  for (const { path, message } of parsed.error?.issues ?? [])
    if (problems.length === 0 || path[0] !== 'recipe')
      problems.push({ what: `\`${path.join('.')}\`: ${message}.`, where: place(...(path as string[])) })
  if (!parsed.success || problems.length > 0) throw new UserError(problems)
  return { recipe: parsed.data, placeholders: placeholderNames(recipeText.text), place }
}

function record(file: SettingsFile): Record<string, unknown> {
  const { value } = file
  if (value === null || value === undefined) return {}
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>
  throw new UserError({ what: 'is no mapping.', where: { file: file.file } })
}

function twice(own: Readonly<Record<string, unknown>>, profile: SettingsFile): Problem[] {
  return Object.keys(own)
    .filter((key) => key in record(profile))
    .map((key) => ({ what: `\`${key}\` stands in the recipe too, which MLflow refuses.`, where: profile.place([key]) }))
}

/** What was called a pipeline in MLflow 1.27 to 1.30 has `template` where a recipe has `recipe`. */
function ofMlflow1(own: Readonly<Record<string, unknown>>, main: SettingsFile): Problem[] {
  if (!('template' in own) || 'recipe' in own) return []
  const fix = 'Bring it to MLflow 2 first: `recipe` instead of `template`, and `steps.ingest` instead of `data`.'
  return [{ what: 'is a pipeline of MLflow 1.', where: main.place(['template']), fix }]
}
