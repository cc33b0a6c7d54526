// The project that users copy, trained as they will: by papermill alone, and through Headgate; on SQLite and PostgreSQL.
import { execFile } from 'node:child_process'
import { chmod, cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { bringPython } from '../../../scripts/python.ts'
import { describeSystem } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import * as mlflow from '../mlflow/start.ts'
import * as postgres from '../postgres/start.ts'
import { serverEnvironment } from '../server.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../..')
const template = join(root, 'workflows-templates/notebooks')
const commands = await bringPython({ name: 'notebooks', lock: join(template, 'requirements.lock') })
const missingPostgres = await postgres.prepare()

interface Project {
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  /** Runs a command in the project. @returns what it printed. */
  call(command: string, ...words: string[]): Promise<string>
  json(path: string): Promise<Record<string, never>>
}

/** A committed copy of the template, with `headgate` on the path. */
async function copyTemplate(more: Readonly<Record<string, string>> = {}): Promise<Project> {
  const folder = makeStateFolder('notebooks')
  const project = join(folder, 'project')
  // What a run here left behind would not be in a user's copy.
  const filter = (path: string): boolean => !/\/(data|output|\.headgate|__pycache__|\.pytest_cache)$/.test(path)
  await cp(template, project, { recursive: true, filter })
  await writeFile(join(folder, 'headgate'), headgate(), { mode: 0o755 })
  await chmod(join(folder, 'headgate'), 0o755)
  const path = `${folder}:${commands}:${process.env.PATH}`
  const environment = serverEnvironment(folder, { PATH: path, OMP_NUM_THREADS: '1', ...more })
  const call = async (command: string, ...words: string[]): Promise<string> => {
    const ended = await run(command, words, { cwd: project, env: environment, maxBuffer: 64 * 1024 * 1024 })
    return ended.stdout
  }
  const json = async (file: string) => JSON.parse(await readFile(join(project, file), 'utf8')) as Record<string, never>
  await call('git', 'init', '--quiet', '--initial-branch', 'main')
  await call('git', 'config', 'user.name', 'Ada')
  await call('git', 'config', 'user.email', 'ada@localhost')
  await call('git', 'add', '--all')
  await call('git', 'commit', '--quiet', '--message', 'begin')
  return { folder: project, environment, call, json }
}

function headgate(): string {
  const flags = '--conditions=source --disable-warning=ExperimentalWarning'
  return `#!/bin/sh\nexec '${process.execPath}' ${flags} '${join(root, 'apps/cli/src/main.ts')}' "$@"\n`
}

const outputs = ['figures/roc.png', 'metrics.json', 'model/model.json', 'predictions.parquet']

async function expectOutputs({ folder }: Project, output: string): Promise<void> {
  for (const file of outputs) expect((await readFile(join(folder, output, file))).length, file).toBeGreaterThan(0)
}

describe('the notebook project', () => {
  const made: string[] = []
  let project: Project

  beforeAll(async () => {
    project = await copyTemplate()
    made.push(project.folder)
    await project.call('python', 'scripts/make_database.py')
  })
  afterAll(async () => {
    for (const folder of made) await rm(join(folder, '..'), { recursive: true, force: true })
  })

  test('its own tests pass', async () => {
    expect(await project.call('python', '-m', 'pytest', '-q', 'tests')).toMatch(/\d+ passed/)
  })

  test('it is committed as its own hooks want it', async () => {
    const { repos } = parse(await readFile(join(template, '.pre-commit-config.yaml'), 'utf8')) as {
      readonly repos: readonly { readonly hooks: readonly { readonly entry: string; readonly args?: string[] }[] }[]
    }
    const hooks = repos.flatMap((repo) => repo.hooks)
    expect(hooks).toHaveLength(2)
    for (const { entry, args = ['train.ipynb'] } of hooks) await project.call('sh', '-c', [entry, ...args].join(' '))
    expect(await project.call('git', 'status', '--porcelain')).toBe('')
    await project.call('nbstripout', '--verify', 'train.ipynb')
  })

  test('papermill alone takes a snapshot, has it validated by Headgate, and leaves what the contract asks for', async () => {
    await project.call('papermill', 'train.ipynb', '../explored.ipynb', '-p', 'seed', '3')
    await expectOutputs(project, 'output')
    const explored = await readFile(join(project.folder, '../explored.ipynb'), 'utf8')
    expect(explored).toMatch(/data\/train\.parquet: \d+ of \d+ checks passed on 4500 rows/)
    expect(explored).toContain('this run is not tracked')
    const dataset = await project.json('output/dataset.json')
    const digest = (await project.call('sha256sum', 'data/train.parquet')).split(' ')[0]
    expect(dataset).toEqual({ rows: 4500, 'data/train.parquet': `sha256:${digest}` })
  })

  test('data that break the contract end the notebook before anything is trained', async () => {
    const spoiled = await copyTemplate()
    made.push(spoiled.folder)
    await spoiled.call('python', 'scripts/make_database.py')
    await spoiled.call('python', '-c', spoil)
    await expect(spoiled.call('papermill', 'train.ipynb', '../broken.ipynb')).rejects.toMatchObject({ code: 1 })
    expect(await readFile(join(spoiled.folder, '../broken.ipynb'), 'utf8')).toContain('known-plans')
    await expect(readFile(join(spoiled.folder, 'output/metrics.json'))).rejects.toThrow('ENOENT')
  })

  test('through Headgate it is validated, trained, gated and registered', async () => {
    await project.call('python', '-m', 'churn.snapshot')
    await project.call('headgate', 'run', '--event', 'push')
    await expectOutputs(project, '.headgate/churn/output')
    const training = await project.json('.headgate/churn/training.json')
    expect(training).toMatchObject({
      run: { exitCode: 0, params: { regularization: 1, seed: 7 } },
      inputs: expect.arrayContaining([expect.objectContaining({ path: 'data/train.parquet' })]),
    })
    const evaluation = await project.json('.headgate/churn/evaluation.json')
    expect(evaluation).toMatchObject({ evidence: 'held-out', task: 'binary' })
    const [{ candidate }] = evaluation.metrics as unknown as [{ readonly candidate: number }]
    const metrics = await project.json('.headgate/churn/output/metrics.json')
    expect(candidate).toBeCloseTo(Number(metrics.roc_auc), 10)
    const executed = await readFile(join(project.folder, '.headgate/churn/output/notebook/executed.ipynb'), 'utf8')
    expect(executed).toContain('"injected-parameters"')
    const dataset = await project.json('.headgate/churn/output/dataset.json')
    expect(Object.keys(dataset)).toEqual(['rows', 'data/train.parquet'])
    expect(await project.call('git', 'tag')).toContain('churn@v0.1.0')
  })

  test('what the pipeline validated needs no second validation, and what it did not is not believed', async () => {
    const isolated = { ...project.environment, PATH: `${commands}:/usr/bin:/bin` }
    const ask = (output: string) =>
      run(
        join(commands, 'python'),
        ['-c', 'from churn import contract; print(contract.require_valid("data/train.parquet"))'],
        {
          cwd: project.folder,
          env: { ...isolated, HEADGATE_OUTPUT: join(project.folder, output) },
        },
      )
    expect((await ask('.headgate/churn/output')).stdout).toContain('checks passed')
    await expect(ask('elsewhere/output')).rejects.toThrow('was not validated')
  })

  test('a tracking server gets one run each, alone and through Headgate, with what the notebook alone knows', async () => {
    const server = await mlflow.start({ version: '3' })
    try {
      const tracked = await copyTemplate({ MLFLOW_TRACKING_URI: server.address })
      made.push(tracked.folder)
      await tracked.call('python', 'scripts/make_database.py')
      await tracked.call('papermill', 'train.ipynb', '../explored.ipynb', '-p', 'seed', '3')
      await tracked.call('headgate', 'train', '--data', 'data/train.parquet')
      const [byHeadgate, alone, ...others] = await runsOf(server.address, 'churn')
      expect(others).toEqual([])
      expect(alone).toMatchObject({ status: 'FINISHED', params: { seed: '3', regularization: '1.0' } })
      expect(byHeadgate).toMatchObject({ status: 'FINISHED', params: { seed: '7', regularization: '1' } })
      const names = ['fold_roc_auc', 'roc_auc', 'brier_score', 'cross_validated_roc_auc']
      for (const { metrics } of [byHeadgate, alone]) expect(Object.keys(metrics)).toEqual(expect.arrayContaining(names))
    } finally {
      await server.stop()
    }
  })

  describeSystem('on PostgreSQL', missingPostgres, () => {
    let server: postgres.Postgres
    let there: Project

    beforeAll(async () => {
      server = await postgres.start()
      there = await copyTemplate({ DATABASE_URL: server.address })
      made.push(there.folder)
      await there.call('python', 'scripts/make_database.py', server.address)
    })
    afterAll(() => server?.stop())

    test('it trains on the same bytes, and never shows the password', async () => {
      const printed = await there.call('python', '-m', 'churn.snapshot')
      await project.call('python', '-m', 'churn.snapshot')
      const digests = (of: Project) => of.call('sha256sum', 'data/train.parquet', 'data/test.parquet')
      expect(await digests(there)).toBe(await digests(project))
      expect(printed).not.toContain(server.password)
      await there.call('headgate', 'run', '--event', 'push')
      await expectOutputs(there, '.headgate/churn/output')
      await there.call('papermill', 'train.ipynb', '../explored.ipynb')
      const explored = await readFile(join(there.folder, '../explored.ipynb'), 'utf8')
      expect(explored).toContain('postgresql+psycopg://headgate:***@')
      expect(explored).not.toContain(server.password)
    })

    test('its session cannot write', async () => {
      const write =
        'from sqlalchemy import text; from churn import database as d\nwith d.connect().begin() as c: c.execute(text("DELETE FROM customers"))'
      await expect(there.call('python', '-c', write)).rejects.toThrow('read-only transaction')
      expect(await server.psql('select count(*) from customers')).toBe('6000')
    })
  })
})

const spoil = `
import sqlite3
with sqlite3.connect('data/churn.db') as connection:
    connection.execute("UPDATE customers SET plan = 'gold' WHERE customer_id % 10 = 0")
`

interface Run {
  readonly status: string
  readonly params: Readonly<Record<string, string>>
  readonly metrics: Readonly<Record<string, number>>
}

/** The runs of an experiment, the newest first. */
async function runsOf(address: string, experiment: string): Promise<[Run, Run, ...Run[]]> {
  const api = `${address}/api/2.0/mlflow`
  const found = await fetch(`${api}/experiments/get-by-name?experiment_name=${experiment}`)
  const { experiment: its } = (await found.json()) as { readonly experiment: { readonly experiment_id: string } }
  const body = JSON.stringify({ experiment_ids: [its.experiment_id], order_by: ['attributes.start_time DESC'] })
  const answer = await fetch(`${api}/runs/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  interface Answer {
    readonly runs: readonly {
      readonly info: { readonly status: string }
      readonly data: Record<'params' | 'metrics', { key: string; value: never }[]>
    }[]
  }
  const named = (pairs: readonly { readonly key: string; readonly value: never }[] = []) =>
    Object.fromEntries(pairs.map(({ key, value }) => [key, value]))
  const { runs } = (await answer.json()) as Answer
  const read = runs.map(({ info, data }) => {
    return { status: info.status, params: named(data.params), metrics: named(data.metrics) }
  })
  return read as readonly Run[] as [Run, Run]
}
