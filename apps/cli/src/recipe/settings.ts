import { posix } from 'node:path'
import { modelName, type Place, type Problem, UserError } from '@headgate/core'
import { stringify } from 'yaml'
import { counterpartOf, ruleOf, taskOf } from './criteria.ts'
import type { ReadRecipe } from './recipe.ts'
import { runRecipeFile } from './run-recipe.ts'

export interface Origin {
  /** The recipe's path from the root of the work tree, with `/`. */
  readonly path: string
  readonly profile: string
  /** Instead of the recipe's own name for it. */
  readonly model: string | undefined
}

/** A `headgate.yml`, and what of the recipe did not get into it. */
export interface Draft {
  readonly text: string
  readonly notes: readonly Problem[]
}

/** Gathers what has no counterpart: each is told, and stands as a comment at its place in the file. */
interface Notes {
  readonly notes: Problem[]
  /** @returns the comment's line. */
  tell(where: Place, what: string, fix?: string): string
}

/**
 * Maps a recipe onto `headgate.yml`.
 * @throws UserError when the model has no name that Headgate takes.
 */
export function draftSettings(read: ReadRecipe, origin: Origin): Draft {
  const gathered = gather()
  const { recipe } = read
  const positive = recipe.positive_class ?? undefined
  const lines = [
    `# From ${inLine(origin.path)} with its profile ${inLine(origin.profile)}, by \`headgate init --from-recipe\`.`,
    'models:',
    ...indented(2, nameLines(read, origin, gathered)),
    ...indented(4, [
      ...unknownKeys(read, gathered),
      ...dataLines(read, origin, gathered),
      ...heldOutLines(read, gathered),
      `label: ${scalar(recipe.target_col)}`,
      'prediction: prediction',
      ...scoreLines(read, gathered),
      ...(positive === undefined ? [] : [`positive: ${scalar(positive)}`]),
      ...block('validate-data', validationLines(read, gathered)),
      ...block('train', trainingLines(read, origin, gathered)),
      ...block('evaluate-gate', gateLines(read, origin, gathered)),
      ...block('register-model', registrationLines(read, gathered)),
    ]),
  ]
  return { text: `${lines.join('\n')}\n`, notes: gathered.notes }
}

function gather(): Notes {
  const notes: Problem[] = []
  const tell = (where: Place, what: string, fix?: string): string => {
    notes.push({ what, where, fix })
    return comment(`${what}${fix ? ` ${fix}` : ''}`)
  }
  return { notes, tell }
}

function nameLines({ recipe, place }: ReadRecipe, { model }: Origin, { tell }: Notes): string[] {
  const given = model ?? recipe.model_registry?.model_name ?? ''
  const name = given
    .toLowerCase()
    .replace(/[^a-z0-9/]+/g, '-')
    .replace(/^[^a-z]+|[^a-z0-9]+$/g, '')
  const where = place('model_registry', 'model_name')
  if (!modelName.test(name) || (model !== undefined && name !== model))
    throw new UserError({
      what: given === '' ? 'the recipe’s profile names no model.' : `"${given}" is no model name.`,
      ...(model === undefined ? { where } : {}),
      fix: 'Say one with --model: lower-case letters, digits, `-` and `/`, beginning with a letter.',
    })
  const told = name === given ? [] : [tell(where, `the model is called ${name} here, not ${given}.`)]
  return [...told, `${name}:`]
}

const known = ['recipe', 'target_col', 'positive_class', 'primary_metric', 'steps', 'custom_metrics']
const ofProfile = ['experiment', 'model_registry']
const steps = ['ingest', 'split', 'transform', 'train', 'evaluate', 'register']

function unknownKeys({ recipe, placeholders, place }: ReadRecipe, { tell }: Notes): string[] {
  const keys = Object.keys(recipe).filter(
    (key) => ![...known, ...ofProfile].includes(key) && !placeholders.has(key) && !/^[A-Z_]+$/.test(key),
  )
  const others = Object.keys(recipe.steps).filter((key) => !steps.includes(key))
  const batch = 'scores batches, which is no part of a pipeline here.'
  return [
    ...keys.map((key) => tell(place(key), `recipe: \`${key}\` has no counterpart.`)),
    ...others.map((key) => {
      const what = ['predict', 'ingest_scoring'].includes(key) ? batch : 'has no counterpart.'
      return tell(place('steps', key), `recipe: the step \`${key}\` ${what}`)
    }),
  ]
}

const readable = /\.(csv|parquet|ndjson)$/i

function dataLines({ recipe, place }: ReadRecipe, { path }: Origin, { tell }: Notes): string[] {
  const { using, location, loader_method: loader } = recipe.steps.ingest
  const where = place('steps', 'ingest')
  if (location === undefined || ['delta', 'spark_sql'].includes(using)) {
    const fix = 'Export it to a file in a step before, and name the file.'
    return [tell(where, `recipe: data read by ${using} have no counterpart.`, fix), '# data: data/train.parquet']
  }
  const paths = [location].flat().map((one) => fromRoot(path, one))
  const lines: string[] = []
  if (loader !== undefined && loader !== null)
    lines.push(
      tell(where, `recipe: ${loader} of steps/ingest.py shapes what training reads; validate-data sees the files.`),
    )
  if (paths.some((one) => !readable.test(one)))
    lines.push(tell(where, 'recipe: validate-data reads Parquet, CSV and NDJSON files.'))
  const [only] = paths
  if (paths.length === 1) return [...lines, `data: ${scalar(only)}`]
  const fix = 'Name a glob of the same files if there is one.'
  return [...lines, tell(where, 'validate-data takes one path or glob, not several.', fix), `data: ${flow(paths)}`]
}

function heldOutLines({ recipe, place }: ReadRecipe, { tell }: Notes): string[] {
  const ratios = recipe.steps.split?.split_ratios
  const how = Array.isArray(ratios)
    ? ratios.join(' : ')
    : String(recipe.steps.split?.split_method ?? '0.75 : 0.125 : 0.125')
  const what = `recipe: the split (${how}) stays inside the training, so its test rows are evidence that the training reports of itself: \`warn\` is the best verdict.`
  const fix = `Keep rows apart that no training sees, name them here, and give ${runRecipeFile} \`--test-data\` and \`--id\`.`
  return [tell(place('steps', 'split'), what, fix), '# test-data: data/test.parquet', '# id: id']
}

function scoreLines(read: ReadRecipe, { tell }: Notes): string[] {
  const task = taskOf(read.recipe)
  if (task === 'binary') return ['score: score']
  if (task === 'regression') return []
  const what = 'recipe: without positive_class there are several classes; metrics of scores need their names, in order.'
  return [tell(read.place('target_col'), what), '# classes: [a, b, c]', '# score: [score_a, score_b, score_c]']
}

function validationLines({ place }: ReadRecipe, { tell }: Notes): string[] {
  const fix = 'Write what the data promise into contract.yaml (ODCS 3.1).'
  return [
    tell(place('steps', 'ingest'), 'recipe: there is no data contract in recipes.', fix),
    'contract: contract.yaml',
  ]
}

function trainingLines({ recipe, place }: ReadRecipe, { path, profile }: Origin, { tell }: Notes): string[] {
  const beside = (file: string): string => fromRoot(path, file)
  const code = [path, beside(`profiles/${profile}.yaml`), beside(runRecipeFile), beside('steps')]
  const { experiment } = recipe
  const told = experiment?.tracking_uri
    ? [tell(place('experiment'), 'recipe: it logs to the server of its profile by itself, so Headgate does not.')]
    : [comment('The recipe logs to MLflow by itself.')]
  return [
    `run: ${flow(['python', beside(runRecipeFile), 'train', profile])}`,
    `code: ${flow(code)}`,
    ...told,
    'tracking: off',
  ]
}

function gateLines(read: ReadRecipe, { path, profile }: Origin, { tell }: Notes): string[] {
  const { recipe, place } = read
  const criteria = recipe.steps.evaluate?.validation_criteria ?? []
  const customs = recipe.custom_metrics ?? []
  const lines = customs.map(({ name }, index) =>
    tell(
      place('custom_metrics', index),
      `recipe: the metric ${name} is computed by the recipe; the gate computes its own.`,
    ),
  )
  const rules = criteria.flatMap(({ metric, threshold }, index) => {
    const counterpart = counterpartOf(metric, recipe)
    const where = place('steps', 'evaluate', 'validation_criteria', index)
    if (counterpart === undefined)
      return [tell(where, `recipe: ${metric} with threshold ${threshold} has no counterpart.`)]
    const { caveat } = counterpart
    const told = caveat ? [tell(where, `recipe: ${metric} became ${counterpart.metric}: ${caveat}.`)] : []
    return [...told, `- ${flow(ruleOf(counterpart, threshold))}`]
  })
  const isEmpty = !rules.some((line) => line.startsWith('- '))
  const why = 'recipe: no validation criterion became a rule, and without one the gate has nothing to decide by.'
  const empty = isEmpty ? [tell(place('steps', 'evaluate'), why, 'Write at least one.')] : []
  const strict =
    'a limit holds for the bound of the interval here, not for the point estimate: stricter than in the recipe.'
  const stricter = isEmpty ? [] : [tell(place('steps', 'evaluate', 'validation_criteria'), strict)]
  const predict = flow(['python', fromRoot(path, runRecipeFile), 'predict', profile, '--id', 'id'])
  return [
    comment('With held-out rows, this lets the gate score the version in use too:'),
    `# predict: ${predict}`,
    ...lines,
    ...primaryLines(read, tell),
    ...empty,
    ...stricter,
    ...(isEmpty ? ['policy: []'] : ['policy:']),
    ...indented(2, rules),
  ]
}

function primaryLines({ recipe, place }: ReadRecipe, tell: Notes['tell']): string[] {
  const primary = recipe.primary_metric
  if (primary === undefined || primary === null) return []
  const counterpart = counterpartOf(primary, recipe)
  if (counterpart === undefined)
    return [tell(place('primary_metric'), `recipe: the primary metric ${primary} has no counterpart.`)]
  const { metric } = counterpart
  return [
    `metrics: ${flow([metric])}`,
    comment(
      `The primary metric has no limit in the recipe. Against the version in use: baseline: champion, bootstrap: true, and { metric: ${metric}, max-loss: … }.`,
    ),
  ]
}

function registrationLines({ recipe, place }: ReadRecipe, { tell }: Notes): string[] {
  const { model_registry: registry, steps: all } = recipe
  const where = place('steps', 'register', 'allow_non_validated_model')
  const unchecked = all.register?.allow_non_validated_model
    ? [tell(where, 'recipe: allow_non_validated_model has no counterpart: what the gate refused is not registered.')]
    : []
  const elsewhere = registry?.uri
    ? [
        tell(
          place('model_registry', 'uri'),
          'recipe: versions are tags in Git here, not in the registry of the profile.',
        ),
      ]
    : []
  return [
    ...unchecked,
    ...elsewhere,
    'bump: minor',
    comment('Nothing is deployed from here: what is registered is in use.'),
    'alias: champion',
  ]
}

/** A path of the recipe's, from the root of the work tree. Addresses and absolute paths stay as they are. */
function fromRoot(recipe: string, path: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(path) || posix.isAbsolute(path) ? path : posix.join(posix.dirname(recipe), path)
}

function block(name: string, lines: readonly string[]): string[] {
  return ['', `${name}:`, ...indented(2, lines)]
}

function indented(width: number, lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `${' '.repeat(width)}${line}`))
}

function comment(text: string): string {
  return `# ${inLine(text)}`
}

/** What a recipe says cannot end a comment and begin a setting. */
function inLine(text: string): string {
  return text.replace(/[\s\u0085\u2028\u2029]+/g, ' ')
}

function scalar(value: unknown): string {
  return typeof value === 'string' && /\s/.test(value)
    ? JSON.stringify(value)
    : stringify(value, { lineWidth: 0 }).trimEnd()
}

function flow(value: unknown): string {
  const flowCollectionPadding = !Array.isArray(value)
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding, lineWidth: 0 }).trimEnd()
}
