import { defineStage, UserError } from '@headgate/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { loadSettings, type SettingsSource } from './settings.ts'

const stage = defineStage({
  name: 'train',
  promise: 'Trains.',
  failOn: 'inconclusive',
  settings: z.object({
    run: z.union([z.string(), z.array(z.string())]).meta({ description: 'The command.' }),
    timeout: z.string().default('1h').meta({ description: 'The longest time.' }),
    data: z.array(z.string()).optional().meta({ description: 'The data.' }),
    env: z.record(z.string(), z.string()).default({}).meta({ description: 'Variables.' }),
    param: z.record(z.string(), z.string()).default({}).meta({ description: 'Parameters.' }),
    executor: z.enum(['process', 'docker', 'ray']).default('process').meta({ description: 'Where it runs.' }),
    docker: z
      .strictObject({
        image: z.string().optional(),
        sharedMemory: z.number().optional(),
        limit: z.strictObject({ bytes: z.number().meta({ description: 'How much.' }) }).optional(),
        gpus: z
          .union([z.literal('all'), z.int()])
          .optional()
          .meta({ description: 'GPUs: `all`, or how many.' }),
      })
      .refine(({ image }) => image !== undefined, { error: 'needs `image`' })
      .optional()
      .meta({ description: 'The container.' }),
  }),
  document: 'training',
  outputs: {},
  report: () => ({ title: '', verdict: 'pass', summary: '', sections: [], annotations: [] }),
})

const source = (
  yaml: string,
  flags: Record<string, string> = {},
  environment: Record<string, string> = {},
): SettingsSource => ({
  input: (name) => flags[name],
  read: async (path) =>
    path === 'headgate.yml' ? yaml : path === 'shared.yml' ? 'defaults: { timeout: 9m, data: [shared] }' : undefined,
  environment,
  workspace: '/repo',
})

async function problems(given: SettingsSource): Promise<string[]> {
  const error = await loadSettings(stage, given).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof UserError)) throw new Error('it was accepted')
  return error.problems.map((problem) =>
    `${problem.where?.file ?? ''}:${problem.where?.line ?? ''} ${problem.what} ${problem.fix ?? ''}`.trim(),
  )
}

test('a flag wins over the stage block, that over the model, that over extends, that over the default', async () => {
  const yaml = (block: string, model: string): string =>
    `extends: shared.yml\nmodels:\n  m:\n    ${model}\n    train: { run: [python, t.py]${block} }\n`
  const timeout = async (given: SettingsSource): Promise<string> => (await loadSettings(stage, given)).timeout
  expect(await timeout(source(yaml(', timeout: 2m', 'timeout: 3m'), { timeout: '1m' }))).toBe('1m')
  expect(await timeout(source(yaml(', timeout: 2m', 'timeout: 3m')))).toBe('2m')
  expect(await timeout(source(yaml('', 'timeout: 3m')))).toBe('3m')
  expect(await timeout(source(yaml('', 'data: [x]')))).toBe('9m')
  expect(await timeout(source('models: { m: { train: { run: x } } }'))).toBe('1h')
})

test('the work folder and fail-on follow from the model and the stage', async () => {
  const settings = await loadSettings(stage, source('models: { team/m: { train: { run: x } } }'))
  expect(settings).toMatchObject({ model: 'team/m', workFolder: '/repo/.headgate/team/m', failOn: 'inconclusive' })
})

test('misspelt keys are named with their line and the near key, all at once', async () => {
  const found = await problems(source('models:\n  m:\n    trian: {}\n    train:\n      run: x\n      timout: 3m\n'))
  expect(found).toEqual([
    'headgate.yml:3 unknown key "trian". Did you mean "train"?',
    'headgate.yml:6 unknown key "timout". Did you mean "timeout"?',
  ])
})

test('wrong types and missing settings are named with their place', async () => {
  expect(await problems(source('models:\n  m:\n    train:\n      run: x\n      timeout: 3\n'))).toEqual([
    expect.stringMatching(/^headgate\.yml:5 `timeout`: .*expected string/),
  ])
  expect(await problems(source('models: { m: { train: {} } }'))).toEqual([expect.stringContaining('`run` is missing.')])
})

test('a misspelt word is named with the near one, in the file and as a flag', async () => {
  const yaml = (executor: string): string => `models:\n  m:\n    train:\n      run: x\n      executor: ${executor}\n`
  expect(await problems(source(yaml('dokcer')))).toEqual([
    'headgate.yml:5 `executor`: there is no "dokcer". Did you mean "docker"?',
  ])
  expect(await problems(source(yaml('slurm')))).toEqual([
    'headgate.yml:5 `executor`: there is no "slurm". Say one of: process, docker, ray.',
  ])
  expect(await problems(source(yaml('ray'), { executor: 'rya' }))).toEqual([
    '--executor: `executor`: there is no "rya". Did you mean "ray"?',
  ])
})

test('a misspelt key of a block is named at its line with the near key, and causes no second mistake', async () => {
  const yaml = 'models:\n  m:\n    train:\n      run: x\n      docker:\n        imgae: y\n        shared-memry: 1\n'
  expect(await problems(source(yaml))).toEqual([
    'headgate.yml:6 `docker`: unknown key "imgae". Did you mean "image"?',
    'headgate.yml:7 `docker`: unknown key "shared-memry". Did you mean "shared-memory"?',
  ])
})

test('keys inside a block are named as they are written, at their line', async () => {
  const yaml = 'models:\n  m:\n    train:\n      run: x\n      docker:\n        image: y\n        shared-memory: much\n'
  expect(await problems(source(yaml))).toEqual([
    expect.stringMatching(/^headgate\.yml:7 `docker\.shared-memory`: .*expected number/),
  ])
})

test('what a block lacks is named with what it is', async () => {
  const yaml = 'models:\n  m:\n    train:\n      run: x\n      docker: { image: y, limit: {} }\n'
  expect(await problems(source(yaml))).toEqual(['headgate.yml:5 `docker.limit.bytes` is missing. How much.'])
})

test('what is none of several forms is told what there may be', async () => {
  const yaml = 'models:\n  m:\n    train:\n      run: x\n      docker: { image: y, gpus: some }\n'
  expect(await problems(source(yaml))).toEqual([
    'headgate.yml:5 `docker.gpus`: has none of the forms that it may have. GPUs: `all`, or how many.',
  ])
})

test('a key that stands twice is named where it stands again', async () => {
  const yaml = 'models:\n  m:\n    train:\n      run: x\n      timeout: 1m\n      timeout: 2m\n'
  expect(await problems(source(yaml))).toEqual(['headgate.yml:6 the key `timeout` stands twice. Keep one of them.'])
})

test('what is no YAML is an error with its line', async () => {
  expect(await problems(source('models:\n  m: [\n'))).toEqual([
    expect.stringMatching(/^headgate\.yml:\d+ is not valid YAML/),
  ])
})

test.each([
  'models: *x',
  'a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nmodels: [*c,*c]',
])('aliases that lead nowhere, or to too much, are a mistake in the file: %s', async (yaml) => {
  expect(await problems(source(yaml))).toEqual([
    expect.stringMatching(/^headgate\.yml: has aliases that cannot be followed/),
  ])
})

test('a literal password is refused, in a variable and in an address', async () => {
  const yaml =
    'models:\n  m:\n    train:\n      run: x\n      env: { DB_PASSWORD: hunter2 }\n      data: ["postgres://me:hunter2@db/x"]\n'
  const found = await problems(source(yaml))
  expect(found).toHaveLength(2)
  for (const problem of found) expect(problem).toMatch(/^headgate\.yml:[56] .* holds a password written out/)
  expect(found.join()).not.toContain('hunter2')
})

test.each([
  ['env: { DB_PASS: hunter2 }', true],
  ['env: { PGPASSWORD: hunter2 }', true],
  ['env: { AWS_ACCESS_KEY_ID: AKIAIOSFODNN7EXAMPLE }', true],
  ['env: { ANY: ghp_0123456789abcdefghijABCDEFGHIJ012345 }', true],
  ['param: { db_password: hunter2 }', true],
  ['param: { tokenizer: bpe, max_tokens: "512", pass_through: "yes" }', false],
  ['env: { TOKENIZERS_PARALLELISM: "false", GOOGLE_APPLICATION_CREDENTIALS: /run/key.json }', false],
])('%s holds a secret written out: %s', async (line, isSecret) => {
  const found = problems(source(`models:\n  m:\n    train:\n      run: x\n      ${line}\n`))
  if (isSecret) expect(await found).toEqual([expect.stringContaining('headgate.yml:5 ')])
  else await expect(found).rejects.toThrow('it was accepted')
})

test('an unknown key, a wrong type and a literal password are told together', async () => {
  const yaml = 'models:\n  m:\n    train:\n      runn: x\n      run: y\n      timeout: 3\n      env: { A_SECRET: x }\n'
  expect((await problems(source(yaml))).map((text) => text.slice(0, 15))).toEqual([
    'headgate.yml:4 ',
    'headgate.yml:7 ',
    'headgate.yml:6 ',
  ])
})

test('${env:NAME} is replaced where it may stand, and refused elsewhere or when it is not set', async () => {
  const yaml = 'models: { m: { train: { run: x, env: { DB_PASSWORD: "${env:SECRET}" } } } }'
  expect((await loadSettings(stage, source(yaml, {}, { SECRET: 's3' }))).env).toEqual({ DB_PASSWORD: 's3' })
  expect(await problems(source(yaml))).toEqual([expect.stringContaining('${env:SECRET} is not set')])
  expect(await problems(source('models: { m: { train: { run: "${env:HOME}" } } }', {}, { HOME: '/' }))).toEqual([
    expect.stringContaining('cannot refer to'),
  ])
})

test.each([{}, { PLACE: '' }])(
  'what is opened only where it is needed asks for its variables then: %j',
  async (environment) => {
    const yaml = 'models: { m: { train: { run: x, token: "${env:PLACE}" } } }'
    expect((await loadSettings(stage, source(yaml, {}, environment))).token).toBe('${env:PLACE}')
    expect((await loadSettings(stage, source(yaml, {}, { PLACE: 'there' }))).token).toBe('there')
  },
)

test('where there is no settings file, the folder is named in which it was looked for', async () => {
  const none = { ...source('', { run: 'x' }), read: async () => undefined }
  expect(await problems(none)).toEqual([
    ': which model is this? There is no headgate.yml in /repo. Go to the folder that has it, or say --model.',
  ])
  const named = { ...none, input: (name: string) => ({ run: 'x', config: 'other.yml' })[name] }
  expect(await problems(named)).toEqual([': there is no settings file other.yml in /repo.'])
})

test('several models ask which one, an unknown one names the near', async () => {
  const yaml = 'models: { churn: { train: { run: x } }, fraud: { train: { run: x } } }'
  expect(await problems(source(yaml))).toEqual([expect.stringContaining('describes churn, fraud')])
  expect(await problems(source(yaml, { model: 'chrun' }))).toEqual([expect.stringContaining('Did you mean "churn"?')])
})

test('what all stages must agree on stands at the model’s level, and in no block of one stage', async () => {
  const yaml = (model: string) => `models:\n  m:\n${model}    train: { run: x }\n    deploy:\n      name: shop\n`
  expect(await problems(source(yaml('')))).toEqual([
    'headgate.yml:5 `name` in the block `deploy` is not seen by other stages. Move it to the model’s level, below headgate.yml:2:3.',
  ])
  expect(await problems(source(yaml('    name: store\n')))).toEqual([
    'headgate.yml:6 `name` in the block `deploy` is not seen by other stages. At the model’s level, headgate.yml:3:5 says "store": leave it there alone.',
  ])
  const shared = (path: string) =>
    path === 'shared.yml' ? 'defaults:\n  drift-check: { ledger: { ref: x } }\n' : undefined
  const read = async (path: string) => shared(path) ?? 'extends: shared.yml\nmodels: { m: { train: { run: x } } }'
  expect(await problems({ ...source(''), read })).toEqual([
    'shared.yml:2 `ledger` in the block `drift-check` is not seen by other stages. Move it to the model’s level, below shared.yml:1:1.',
  ])
})
