// A version is trained again from what it keeps: its commit, its data by digest, its settings. Nothing else is touched.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Document } from '@headgate/core'
import { expect, test } from 'vitest'
import { type Ended, headgate, makeRepository, type Repository, settings, table } from './repository.ts'

/**
 * Predicts the parity of `x`, but for as many rows as \`--param wrong\` says, and of \`drift\` more when a file outside of
 * the commit says so: what an unseeded training or another machine would do.
 */
const training = `import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
const output = process.env.HEADGATE_OUTPUT
const { wrong = 0 } = JSON.parse(readFileSync(process.env.HEADGATE_PARAMS, 'utf8'))
const drift = existsSync(process.env.DRIFT) ? Number(readFileSync(process.env.DRIFT, 'utf8')) : 0
appendFileSync(process.env.TRAINED, process.cwd() + '\\n')
if (drift < 0) { console.log('waits'); setInterval(() => {}, 1000); await new Promise(() => {}) }
mkdirSync(output + '/model', { recursive: true })
writeFileSync(output + '/model/weights.json', JSON.stringify({ rows: readFileSync(process.env.HEADGATE_DATA, 'utf8').split('\\n').length, drift }))
const [, ...lines] = readFileSync('test.csv', 'utf8').trim().split('\\n')
const predictions = lines.map((line) => line.split(',')).map(([id, x], row) => id + ',' + ((Number(x) + (row < wrong + drift ? 1 : 0)) % 2))
writeFileSync(output + '/predictions.csv', 'id,prediction\\n' + predictions.join('\\n') + '\\n')
writeFileSync(output + '/metrics.json', JSON.stringify({ loss: 0.5 + drift }))
`

/** The data is in no commit, as data often is. */
function begin(): Repository {
  const repository = makeRepository({
    'train.mjs': training,
    'headgate.yml': settings.replace('code: [train.mjs]', 'code: [train.mjs]\n      param: { seed: 7 }'),
    '.gitignore': '.headgate/\ntrain.csv\n',
  })
  return repository
}

const variables = ({ folder }: Repository) => ({ DRIFT: join(folder, '../drift'), TRAINED: join(folder, '../trained') })

function play(repository: Repository, words: readonly string[], more = {}): Promise<Ended> {
  return headgate(repository, words, { env: variables(repository), ...more })
}

/** Registers 0.1.0, trained with a flag that no file knows. */
async function register(repository: Repository): Promise<void> {
  const stages = [['validate-data'], ['train', '--param', 'wrong=3'], ['evaluate-gate'], ['register-model']]
  for (const words of stages) {
    const { code, stderr } = await play(repository, words)
    expect(code, `${words.join(' ')}: ${stderr}`).toBe(0)
  }
}

/** Refs of clone and remote, work trees, files that Git does not know, and temporary folders. */
function state({ folder, git, remote }: Repository): unknown {
  const refs = execFileSync('git', ['-C', remote, 'for-each-ref'], { encoding: 'utf8' })
  const own = git('for-each-ref')
    .split('\n')
    .filter((line) => !line.includes('refs/headgate/seen'))
  const temporary = readdirSync(tmpdir()).filter((name) => name.startsWith('headgate-reproduce-'))
  return [
    refs,
    own,
    git('worktree', 'list'),
    git('status', '--porcelain', '--ignored'),
    readdirSync(join(folder, '.headgate/tiny')),
    temporary,
  ]
}

async function reproduce(repository: Repository, ...words: string[]) {
  const before = state(repository)
  const { code, stdout, stderr } = await play(repository, ['reproduce', ...words, '--format', 'json'])
  expect(state(repository)).toEqual(before)
  return { code, stderr, document: (stdout === '' ? undefined : JSON.parse(stdout)) as Document<'reproduction'> }
}

test('a version is reproduced after the code moved on, and neither clone nor remote know of it', async () => {
  const repository = begin()
  await register(repository)
  repository.write({
    'train.mjs': 'throw new Error("later")\n',
    'headgate.yml': settings.replace('min: 0.6', 'min: 0.99'),
  })
  repository.commit('Go on')

  const { code, stderr, document } = await reproduce(repository, '0.1.0')
  expect(code, stderr).toBe(0)
  expect(document).toMatchObject({
    schema: 'headgate/reproduction@1',
    verdict: 'pass',
    version: '0.1.0',
    basis: 'predictions',
    tolerance: { absolute: 0.0001, relative: 0.001 },
    differences: [],
    predictions: { rows: 60, differing: 0 },
  })
  // 3 of the 60 rows are wrong.
  expect(document.metrics).toEqual([
    {
      metric: 'accuracy',
      slice: null,
      was: 0.95,
      is: 0.95,
      difference: 0,
      allowed: 0.0001 + 0.001 * 0.95,
      status: 'pass',
    },
  ])
  expect(document.run?.key).toBe(document.original.key)
  expect(document.data.map(({ path, restoredFrom }) => [path, restoredFrom])).toEqual([
    ['train.csv', 'work-tree'],
    ['test.csv', 'commit'],
  ])
  expect(document.artifacts.map(({ was, is }) => was === is)).toEqual([true, true, true])
  // It was trained twice, the second time elsewhere.
  const [first, second] = readFileSync(variables(repository).TRAINED, 'utf8').trim().split('\n')
  expect(first).toBe(repository.folder)
  expect(second).not.toBe(first)
  expect(existsSync(second ?? '')).toBe(false)

  const byAlias = await play(repository, ['reproduce', 'challenger'])
  expect([byAlias.code, byAlias.stdout.replaceAll('\n', ' ')]).toEqual([
    0,
    expect.stringMatching(
      /tiny 0\.1\.0 is reproduced: its metric is within 0\.0001 \+ 0\.1 % of what it was, measured on the test data/,
    ),
  ])
})

test('what came out otherwise is told by metric, and ends with 1; a wider tolerance accepts it', async () => {
  const repository = begin()
  await register(repository)
  writeFileSync(variables(repository).DRIFT, '2')
  const { code, document } = await reproduce(repository, 'v0.1.0')
  expect(code).toBe(1)
  expect(document.verdict).toBe('fail')
  expect(document.summary).toBe(
    'tiny 0.1.0 is not reproduced: accuracy was 0.95 and is 0.916667, more than 0.00105 away.',
  )
  expect(document.predictions).toMatchObject({ rows: 60, differing: 2 })
  expect(document.artifacts.filter(({ was, is }) => was === is)).toEqual([])

  const wider = await reproduce(repository, 'tiny@v0.1.0', '--tolerance', '4%')
  expect([wider.code, wider.document.metrics[0]?.allowed]).toEqual([0, 0.04 * 0.95])
})

test('data that is no longer what it was is named, and nothing is trained; elsewhere it is found by its content', async () => {
  const repository = begin()
  await register(repository)
  const old = join(repository.folder, '../archive')
  mkdirSync(old)
  renameSync(join(repository.folder, 'train.csv'), join(old, 'of-last-year.csv'))
  const trained = readFileSync(variables(repository).TRAINED, 'utf8')

  const missing = await reproduce(repository, '0.1.0')
  expect([missing.code, missing.document.summary]).toEqual([
    1,
    'tiny 0.1.0 is not reproduced: train.csv is no longer there; nothing was trained.',
  ])
  repository.write({ 'train.csv': `${table}more,61,1\n` })
  const changed = await reproduce(repository, '0.1.0')
  expect(changed.document.summary).toBe(
    'tiny 0.1.0 is not reproduced: train.csv is no longer what it was; nothing was trained.',
  )
  expect(changed.document.run).toBeNull()
  expect(readFileSync(variables(repository).TRAINED, 'utf8')).toBe(trained)

  const found = await reproduce(repository, '0.1.0', '--data', '../archive')
  expect(found.code, found.stderr).toBe(0)
  expect(found.document.data[0]).toMatchObject({ path: 'train.csv', restoredFrom: 'data' })
})

test('without the predictions’ test data, the metrics that the code wrote are compared, and it is said so', async () => {
  const repository = begin()
  const own = settings.replace('    test-data: test.csv\n', '').replace('policy:', 'fail-on: never\n      policy:')
  const labelled = training
    .replace("'id,prediction\\n'", "'id,label,prediction\\n'")
    .replace("id + ',' + (", "id + ',' + row % 2 + ',' + (")
  repository.write({ 'headgate.yml': own, 'train.mjs': labelled.replaceAll("'test.csv'", "'test.csv'") })
  repository.commit('Judge on what the code says')
  await register(repository)
  writeFileSync(variables(repository).DRIFT, '1')
  const { code, document } = await reproduce(repository, '0.1.0')
  expect(code).toBe(1)
  expect(document).toMatchObject({
    basis: 'metrics.json',
    basisReason: 'the version was not judged on test data.',
    predictions: null,
  })
  expect(document.metrics).toMatchObject([{ metric: 'loss', was: 0.5, is: 1.5, difference: 1, status: 'fail' }])
})

test('uncommitted changes of then are told as what is missing now', async () => {
  const repository = begin()
  repository.write({ 'train.mjs': training.replace('0.5 + drift', '0.25 + drift') })
  await register(repository)
  const { code, document } = await reproduce(repository, '0.1.0')
  expect(code).toBe(0)
  expect(document.differences.map(({ what }) => what)).toEqual(['code', 'uncommitted changes'])
  expect(document.summary).toMatch(/ Not as it was: code, uncommitted changes\.$/)
})

test('interrupted, it ends with 130 and leaves neither a work tree nor a folder nor a process', async () => {
  const repository = begin()
  await register(repository)
  writeFileSync(variables(repository).DRIFT, '-1')
  const before = state(repository)
  const trained = () => readFileSync(variables(repository).TRAINED, 'utf8').trim().split('\n')
  const ended = await play(repository, ['reproduce', '0.1.0'], {
    onStart: (end: (signal: NodeJS.Signals) => void) => {
      const timer = setInterval(() => {
        if (trained().length < 2) return
        clearInterval(timer)
        end('SIGINT')
      }, 50)
    },
  })
  expect([ended.code, ended.stdout]).toEqual([130, ''])
  expect(state(repository)).toEqual(before)
  expect(existsSync(trained()[1] ?? '')).toBe(false)
})

test.each([
  [[], /which version\?.*headgate reproduce 1\.2\.0/],
  [['9.9.9'], /the registry has no version 9\.9\.9 of tiny/],
  [['0.1.0', '--tolerance', 'some'], /--tolerance: "some" is no tolerance\. Say `0\.001`/],
])('%j ends with 2 and the way out', async (words, says) => {
  const repository = begin()
  const { code, stdout, stderr } = await play(repository, ['reproduce', ...words])
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(says)])
})

test('from a shallow clone, below the root, by an interpreter that is in no commit', async () => {
  const repository = begin()
  const home = join(repository.folder, '..')
  const own = settings
    .replace('directory:../store', `directory:${home}/store`)
    .replace('[node, train.mjs]', '[.venv/bin/node, train.mjs]')
  repository.write({ 'headgate.yml': own, '.gitignore': '.headgate/\n.venv/\n' })
  mkdirSync(join(repository.folder, 'team'))
  for (const name of ['headgate.yml', 'contract.yaml', 'train.mjs', 'train.csv', 'test.csv'])
    renameSync(join(repository.folder, name), join(repository.folder, 'team', name))
  const addInterpreter = (folder: string) => {
    mkdirSync(join(folder, '.venv/bin'), { recursive: true })
    symlinkSync(process.execPath, join(folder, '.venv/bin/node'))
  }
  addInterpreter(join(repository.folder, 'team'))
  repository.commit('Move')
  const team = { ...repository, folder: join(repository.folder, 'team') }
  await register(team)
  repository.write({ 'team/train.mjs': 'throw new Error("later")\n' })
  repository.commit('Go on')

  const shallow = join(home, 'shallow')
  execFileSync('git', ['clone', '-q', '--depth', '1', `file://${repository.remote}`, shallow])
  addInterpreter(join(shallow, 'team'))
  const { code, stdout, stderr } = await play({ ...team, folder: join(shallow, 'team') }, [
    'reproduce',
    '0.1.0',
    '--format',
    'json',
  ])
  expect(code, stderr).toBe(0)
  const document = JSON.parse(stdout) as Document<'reproduction'>
  expect(document).toMatchObject({ verdict: 'pass', basis: 'predictions', differences: [] })
  expect(document.data.map(({ restoredFrom }) => restoredFrom)).toEqual(['commit', 'commit'])
  expect(
    execFileSync('git', ['-C', shallow, 'worktree', 'list'], { encoding: 'utf8' }).trim().split('\n'),
  ).toHaveLength(1)
})
