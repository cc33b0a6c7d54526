import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { loadStage } from '@headgate/pipeline'
import { loadSettings } from '@headgate/settings'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { play } from '../../test/play.ts'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'recipe-'))
  vi.spyOn(process, 'cwd').mockReturnValue(root)
})
afterEach(() => vi.restoreAllMocks())

const init = (...words: string[]) => play('init', ...words)

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

const written = (): string => readFileSync(join(root, 'headgate.yml'), 'utf8')

/** As in MLflow's template for classification, filled in: `# {{ … }}` in comments is not a placeholder. */
const classification = `# Variables such as {{ INGEST_DATA_LOCATION }} stand in a profile.
recipe: "classification/v1"
target_col: "is_red"
positive_class: "red"
primary_metric: "f1_score"
steps:
  ingest: {{INGEST_CONFIG}}
  split:
    split_ratios: [0.75, 0.125, 0.125]
    post_split_filter_method: create_dataset_filter
  transform:
    using: "custom"
    transformer_method: transformer_fn
  train:
    using: "custom"
    estimator_method: estimator_fn
  evaluate:
    validation_criteria:
      - metric: f1_score
        threshold: {{ FLOOR["f1"] }}
      - metric: log_loss
        threshold: 0.5
      - metric: false_positives
        threshold: 12
  register:
    allow_non_validated_model: false
  # ingest_scoring: {{INGEST_SCORING_CONFIG}}
`
const local = `experiment:
  name: "wine"
  tracking_uri: "sqlite:///metadata/mlflow/mlruns.db"
model_registry:
  model_name: "Red Wine"
INGEST_CONFIG:
  using: custom
  location: "./data/winequality.csv"
  loader_method: load_file_as_dataframe
FLOOR: { f1: 0.8 }
`

const regression = `recipe: "regression/v1"
target_col: fare_amount
primary_metric: root_mean_squared_error
steps:
  ingest:
    using: parquet
    location: ["./data/a.parquet", "./data/b.parquet"]
  split:
    using: custom
    split_method: by_quarter
  evaluate:
    validation_criteria:
      - { metric: root_mean_squared_error, threshold: 10 }
      - { metric: mean_squared_error, threshold: 144 }
      - { metric: mean_absolute_percentage_error, threshold: 0.2 }
      - { metric: weighted_mean_squared_error, threshold: 20 }
      - { metric: max_error, threshold: 50 }
  register: { allow_non_validated_model: true }
  predict: { output: { using: parquet, location: out } }
custom_metrics:
  - { name: weighted_mean_squared_error, function: weighted, greater_is_better: false }
`
const taxi = 'experiment: { name: taxi }\nmodel_registry: { model_name: taxi, uri: "sqlite:///registry.db" }\n'

test('a classification becomes the settings of four stages, and what is left out is told at its line', async () => {
  write('recipe.yaml', classification)
  write('profiles/local.yaml', local)
  const { code, stdout, stderr } = await init('--from-recipe', 'recipe.yaml')
  expect([code, stdout]).toEqual([0, 'Wrote run_recipe.py and headgate.yml.\n'])
  expect(parse(written())).toEqual({
    models: {
      'red-wine': {
        data: 'data/winequality.csv',
        label: 'is_red',
        prediction: 'prediction',
        score: 'score',
        positive: 'red',
        'validate-data': { contract: 'contract.yaml' },
        train: {
          run: ['python', 'run_recipe.py', 'train', 'local'],
          code: ['recipe.yaml', 'profiles/local.yaml', 'run_recipe.py', 'steps'],
          tracking: 'off',
        },
        'evaluate-gate': {
          metrics: ['f1'],
          policy: [
            { metric: 'f1', min: 0.8 },
            { metric: 'log_loss', max: 0.5 },
          ],
        },
        'register-model': { bump: 'minor', alias: 'champion' },
      },
    },
  })
  expect(stderr).toContain('profiles/local.yaml:5:3: the model is called red-wine here, not Red Wine.\n')
  expect(stderr).toContain('recipe.yaml:23:9: recipe: false_positives with threshold 12 has no counterpart.\n')
  expect(stderr).toContain('load_file_as_dataframe of steps/ingest.py')
  expect(stderr).not.toContain('INGEST_SCORING')
  for (const line of stderr.trim().split('\n')) expect(written()).toContain(`# ${line.replace(/^\S+: /, '')}`)
})

test.each(['validate-data', 'train', 'evaluate-gate', 'register-model'] as const)(
  'what is written are settings that %s takes',
  async (name) => {
    write('recipe.yaml', classification)
    write('profiles/local.yaml', local)
    await init('--from-recipe', 'recipe.yaml')
    const read = async (path: string) => readFileSync(join(root, path), 'utf8')
    const source = { input: () => undefined, read, environment: {}, workspace: root }
    expect((await loadSettings((await loadStage(name)).stage, source)).model).toBe('red-wine')
  },
)

test('a regression’s errors are ceilings, in our unit', async () => {
  write('ml/recipe.yaml', regression)
  write('ml/profiles/dev.yaml', taxi)
  write('ml/profiles/prod.yaml', taxi)
  const { code, stderr } = await init('--from-recipe', 'ml/recipe.yaml', '--profile', 'prod', '--model', 'fares')
  expect([code, existsSync(join(root, 'ml/run_recipe.py'))]).toEqual([0, true])
  const { fares } = parse(written()).models
  expect(fares.data).toEqual(['ml/data/a.parquet', 'ml/data/b.parquet'])
  expect(fares.train.run).toEqual(['python', 'ml/run_recipe.py', 'train', 'prod'])
  expect(fares.train.code).toEqual(['ml/recipe.yaml', 'ml/profiles/prod.yaml', 'ml/run_recipe.py', 'ml/steps'])
  expect(fares['evaluate-gate'].policy).toEqual([
    { metric: 'rmse', max: 10 },
    { metric: 'rmse', max: 12 },
    { metric: 'mape', max: 0.2 },
  ])
  expect('score' in fares || 'positive' in fares).toBe(false)
  const told = ['max_error with', 'weighted_mean_squared_error with', 'by_quarter', 'allow_non_validated', '`predict`']
  for (const one of [...told, 'not in the registry of the profile']) expect(stderr).toContain(one)
})

test('several classes are told apart from two by the positive class', async () => {
  const several = classification
    .replace('positive_class: "red"\n', '')
    .replaceAll('f1_score', 'f1_score_macro')
    .replace('false_positives', 'recall_score')
  write('recipe.yaml', several)
  write('profiles/local.yaml', local)
  const { stderr } = await init('--from-recipe', 'recipe.yaml')
  expect(parse(written()).models['red-wine']['evaluate-gate'].policy[0]).toEqual({ metric: 'f1_macro', min: 0.8 })
  expect(stderr).toContain('the mean weighted by class')
  expect(stderr).toContain('recall_score with threshold 12 has no counterpart')
})

test('a metric that the recipe computes itself is not ours, whatever it is called', async () => {
  const own = 'custom_metrics:\n  - { name: f1_score, function: mine, greater_is_better: true }\n'
  write('recipe.yaml', classification + own)
  write('profiles/local.yaml', local)
  await init('--from-recipe', 'recipe.yaml')
  expect(parse(written()).models['red-wine']['evaluate-gate']).toEqual({ policy: [{ metric: 'log_loss', max: 0.5 }] })
})

test('no rule is told, since the gate then has nothing to decide by', async () => {
  write('recipe.yaml', regression.replace(/ {4}validation_criteria:[\s\S]*?(?= {2}register)/, '    using: default\n'))
  write('profiles/local.yaml', taxi)
  expect((await init('--from-recipe', 'recipe.yaml')).stderr).toContain('the gate has nothing to decide by')
  expect(parse(written()).models.taxi['evaluate-gate'].policy).toEqual([])
})

test.each(['delta', 'spark_sql'])('data read by %s are left to be named', async (using) => {
  write('recipe.yaml', regression.replace('using: parquet', `using: ${using}`))
  write('profiles/local.yaml', taxi)
  expect((await init('--from-recipe', 'recipe.yaml')).stderr).toContain(`data read by ${using} have no counterpart`)
  expect(parse(written()).models.taxi.data).toBeUndefined()
})

test('text of a recipe stays text', async () => {
  const metric = JSON.stringify('x\n      - { metric: rmse, max: 999 }')
  write('recipe.yaml', regression.replace('max_error', metric).replace('fare_amount', '"a: b # c"'))
  write('profiles/local.yaml', taxi)
  expect((await init('--from-recipe', 'recipe.yaml')).code).toBe(0)
  const { taxi: model } = parse(written()).models
  expect([model.label, model['evaluate-gate'].policy.length]).toEqual(['a: b # c', 3])
})

const mistakes: [string, string, string, string][] = [
  [
    'an untouched template',
    classification.replace('"is_red"', '""').replace('"red"', '""'),
    local,
    'recipe.yaml:3:1: `target_col`: is empty.\nrecipe.yaml:4:1: `positive_class`',
  ],
  [
    'a placeholder without a value',
    classification.replace('{{INGEST_CONFIG}}', '{{INGEST_CONFG}}'),
    local,
    'recipe.yaml:7:11: {{ INGEST_CONFG }} has no value in the profile. Did you mean "INGEST_CONFIG"?',
  ],
  [
    'a filter',
    classification.replace('{{INGEST_CONFIG}}', '{{ "a.json" | from_json }}'),
    local,
    'recipe.yaml:7:11: {{ "a.json" | from_json }} is more than a name',
  ],
  ['a statement', `{% if a %}\n${classification}`, local, 'recipe.yaml:1:1: Jinja’s statements are not read here.'],
  [
    'a key in both files',
    classification,
    `${local}target_col: other\n`,
    'profiles/local.yaml:11:1: `target_col` stands in the recipe too',
  ],
  [
    'a pipeline of MLflow 1',
    'template: "regression/v1"\ntarget_col: a\n',
    taxi,
    'recipe.yaml:1:1: is a pipeline of MLflow 1.',
  ],
  [
    'a threshold that is no number',
    regression.replace('threshold: 144', 'threshold: low'),
    taxi,
    'recipe.yaml:14:39: `steps.evaluate.validation_criteria.1.threshold`',
  ],
  [
    'a model without a name',
    regression,
    'experiment: { name: taxi }\n',
    'the recipe’s profile names no model. Say one with --model',
  ],
  ['no mapping', '- a\n', taxi, 'recipe.yaml: is no mapping.'],
]
test.each(mistakes)('%s is a mistake, and nothing is written', async (_what, recipe, profile, told) => {
  write('recipe.yaml', recipe)
  write('profiles/local.yaml', profile)
  const { code, stderr } = await init('--from-recipe', 'recipe.yaml')
  expect(stderr).toContain(told)
  expect([code, existsSync(join(root, 'headgate.yml')), existsSync(join(root, 'run_recipe.py'))]).toEqual([
    2,
    false,
    false,
  ])
})

test('which profile is asked where there are several, and a wrong one is told with those there are', async () => {
  write('recipe.yaml', regression)
  expect((await init('--from-recipe', 'recipe.yaml')).stderr).toContain('There is no profiles/*.yaml beside it.')
  write('profiles/local.yaml', taxi)
  write('profiles/prod.yaml', taxi)
  const which = 'which profile of the recipe? Say it with --profile. There is: local, prod.\n'
  expect(await init('--from-recipe', 'recipe.yaml')).toMatchObject({ code: 2, stderr: which })
  const wrong = await init('--from-recipe', 'recipe.yaml', '--profile', 'prd')
  expect(wrong.stderr).toBe('the recipe has no profile "prd". There is: local, prod.\n')
  expect((await init('--from-recipe', 'none.yaml', '--profile', 'prod')).stderr).toBe(
    'none.yaml: there is no such file.\n',
  )
  expect((await init()).stderr).toContain('begin from what?')
})

test('what is there is replaced by --force only, and a second run changes nothing', async () => {
  write('recipe.yaml', regression)
  write('profiles/local.yaml', taxi)
  write('headgate.yml', 'models: {}\n')
  const refused = await init('--from-recipe', 'recipe.yaml')
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain('headgate.yml: is there already. Say --force to replace it.\n')
  expect([written(), existsSync(join(root, 'run_recipe.py'))]).toEqual(['models: {}\n', false])
  expect((await init('--from-recipe', 'recipe.yaml', '--force')).code).toBe(0)
  const first = written()
  expect(parse(first).models.taxi).toBeDefined()
  expect((await init('--from-recipe', 'recipe.yaml')).code).toBe(0)
  expect(written()).toBe(first)
})
