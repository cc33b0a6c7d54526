// The whole stage, as a user has it: `headgate train` in a repository.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { makeStateFolder } from '../folders.ts'
import type { Spark } from './start.ts'

const execute = promisify(execFile)
const command = join(import.meta.dirname, '../../../apps/cli/src/main.ts')

const trainer = `import json, os, sys, time
params = json.load(open(os.environ['HEADGATE_PARAMS']))
output = os.environ['HEADGATE_OUTPUT']
rows = sum(len(open(path).readlines()) - 1 for path in os.environ['HEADGATE_DATA'].splitlines())
if params.get('spark'):
    from pyspark.sql import SparkSession
    rows += SparkSession.builder.getOrCreate().range(100).count() - 100
print('rows', rows, 'Zürich', os.environ.get('TOKEN'), flush=True)
time.sleep(params.get('sleep', 0))
os.makedirs(output + '/model')
json.dump({'rows': rows, 'seed': params['seed']}, open(output + '/model/model.json', 'w'))
open(output + '/predictions.csv', 'w').write('id,score\\n1,0.5\\n')
json.dump({'rows': rows}, open(output + '/metrics.json', 'w'))
`

interface Project {
  readonly folder: string
  /** Runs `headgate train`, with these variables besides the client’s. */
  train(words?: readonly string[], variables?: Readonly<Record<string, string>>): Promise<Ran>
  /** Another clone of it. */
  clone(): Promise<Project>
}

interface Ran {
  readonly exitCode: number
  readonly stderr: string
  // biome-ignore lint/suspicious/noExplicitAny: a document, read as a user reads it.
  readonly document: any
}

async function makeProject(spark: Spark, train: Record<string, unknown>): Promise<Project> {
  const folder = makeStateFolder('project')
  await writeFile(join(folder, 'train.py'), trainer)
  await writeFile(join(folder, '.gitignore'), '.headgate/\n')
  await mkdir(join(folder, 'data'))
  await writeFile(join(folder, 'data/a.csv'), 'id\n1\n2\n')
  const stage = { run: 'python train.py', executor: 'spark', param: { seed: 7 }, ...train }
  await writeFile(join(folder, 'headgate.yml'), stringify({ models: { m: { data: 'data/*.csv', train: stage } } }))
  const git = (...words: string[]): Promise<unknown> => execute('git', words, { cwd: folder })
  await git('init', '-q')
  await git('add', '.')
  await git('-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', 'commit', '-q', '-m', 'begin')
  return projectIn(folder, spark)
}

function projectIn(folder: string, spark: Spark): Project {
  return {
    folder,
    train: async (words = [], variables = {}) => {
      const node = ['--conditions=source', '--disable-warning=ExperimentalWarning', command, 'train', ...words]
      const env = { ...spark.environment, XDG_STATE_HOME: stateOf(spark), ...variables }
      const ended = await execute(process.execPath, node, { cwd: folder, env }).then(
        ({ stderr }) => ({ code: 0, stderr }),
        (error: { code: number; stderr: string }) => error,
      )
      const text = await readFile(join(folder, '.headgate/m/training.json'), 'utf8').catch(() => 'null')
      return { exitCode: ended.code, stderr: ended.stderr, document: JSON.parse(text) }
    },
    clone: async () => {
      const other = makeStateFolder('clone')
      await execute('git', ['clone', '-q', folder, join(other, 'project')])
      return projectIn(join(other, 'project'), spark)
    },
  }
}

function stateOf({ folder }: Pick<Spark, 'folder'>): string {
  return join(folder, 'state')
}

/** What is kept of jobs on this machine. */
function kept(spark: Spark): string[] {
  const folder = join(stateOf(spark), 'headgate/spark')
  return existsSync(folder) ? readdirSync(folder) : []
}

const whatStays = ({ metrics, artifacts, key, commit }: Ran['document']) => ({ metrics, artifacts, key, commit })

/** What a user sees of the executor. */
export function stageTests(spark: () => Spark): void {
  test('a training by Spark on this machine leaves its documents, with the secret hidden', async () => {
    const project = await makeProject(spark(), {
      spark: { master: 'local[*]' },
      param: { seed: 7, spark: true },
      env: { TOKEN: '${env:TOKEN}' },
    })
    const { document, stderr, exitCode } = await project.train([], { TOKEN: 's3cr3t-token' })
    expect(exitCode, stderr).toBe(0)
    expect(document).toMatchObject({ verdict: 'pass', metrics: { rows: 2 }, run: { executor: 'spark', exitCode: 0 } })
    expect(document.run.peakMemoryBytes).toBeGreaterThan(50e6)
    expect(stderr).toContain('rows 2 Zürich ***')
    expect(stderr + JSON.stringify(document)).not.toContain('s3cr3t-token')
    expect(kept(spark())).toEqual([])
  })

  test('what was submitted here is picked up on another machine, with the documents of a direct run', async () => {
    const { master, rest } = spark()
    const shared = makeStateFolder('shared')
    const settings = { spark: { master, rest, 'deploy-mode': 'cluster', shared } }
    const project = await makeProject(spark(), settings)
    const direct = await project.train()
    expect(direct.exitCode, direct.stderr).toBe(0)
    const fresh = await project.clone()
    const submitted = await fresh.train(['--detach'])
    expect(submitted).toMatchObject({ exitCode: 0, document: { verdict: 'inconclusive' } })
    const other = await project.clone()
    const attached = await other.train(['--attach', submitted.document.run.handle])
    expect(attached.exitCode, attached.stderr).toBe(0)
    expect(whatStays(attached.document)).toEqual(whatStays(direct.document))
    expect(attached.document.run.id).toBe(submitted.document.run.id)
    expect(readdirSync(shared)).toEqual([])
  })

  test('a driver of this machine outlives the step that submitted it, and a change of the work tree', async () => {
    const project = await makeProject(spark(), { spark: { master: 'local[1]' }, param: { seed: 7, sleep: 1 } })
    const submitted = await project.train(['--detach'])
    expect(submitted.document.verdict, submitted.stderr).toBe('inconclusive')
    const other = await project.clone()
    await writeFile(join(project.folder, 'train.py'), 'raise SystemExit(9)\n')
    const elsewhere = { XDG_STATE_HOME: join(other.folder, '.headgate/none') }
    const handle = JSON.parse(submitted.document.run.handle)
    const away = JSON.stringify({ ...handle, job: { ...handle.job, host: 'build-7' } })
    const strange = await other.train(['--attach', away], elsewhere)
    expect(strange).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('submitted on build-7') })
    const attached = await other.train(['--attach', submitted.document.run.handle])
    expect(attached.exitCode, attached.stderr).toBe(0)
    expect(attached.document.metrics).toEqual({ rows: 2 })
    expect(kept(spark())).toEqual([])
  })

  test('what a user has to mend is told before anything starts, with exit code 2, and 3 for what is out of reach', async () => {
    const { environment } = spark()
    const local = { master: 'local[1]' }
    const old = makeStateFolder('java')
    await mkdir(join(old, 'bin'))
    await writeFile(join(old, 'release'), 'JAVA_VERSION="11.0.2"\n')
    await writeFile(join(old, 'bin/java'), '', { mode: 0o755 })
    const bare = { PATH: '/usr/bin:/bin', SPARK_HOME: '' }
    const cases: readonly [Record<string, unknown>, Record<string, string>, number, RegExp, ...string[]][] = [
      [{}, {}, 2, /needs a master/],
      [{ spark: local }, bare, 2, /no spark-submit on the PATH[\s\S]*pip install pyspark/],
      [{ spark: { ...local, submit: 'bin/none' } }, {}, 2, /no spark-submit at .*bin\/none/],
      [{ spark: local }, { JAVA_HOME: '/nowhere' }, 2, /needs Java, and there is none in JAVA_HOME/],
      [{ spark: local }, { JAVA_HOME: old }, 2, /Spark 4\.3 does not run on Java 11/],
      [{ spark: { master: 'spark://127.0.0.1:1' } }, {}, 3, /127\.0\.0\.1:1: ECONNREFUSED/],
      [{ spark: { master: 'yarn' } }, {}, 2, /HADOOP_CONF_DIR/],
      [{ spark: { master: 'mesos://x' } }, {}, 2, /is none of `local/],
      [{ spark: { ...local, conf: { 'spark.hadoop.fs.s3a.secret.key': 'x' } } }, {}, 2, /is a secret/],
      [{ spark: { master: 'spark://h:7077', 'deploy-mode': 'cluster' } }, {}, 2, /shared/],
      [{ spark: local, run: 'python -m train' }, {}, 2, /runs a module/],
      [{ spark: local, run: 'python other.py' }, {}, 2, /there is nothing at other\.py/],
      [{ spark: local, memory: '1GB' }, {}, 2, /stays within `memory`/, '--detach'],
    ]
    for (const [settings, variables, exitCode, message, ...words] of cases) {
      const project = await makeProject(spark(), settings)
      const ran = await project.train(words, { ...environment, ...variables })
      expect(`${ran.stderr}${ran.document?.error?.remedy}`).toMatch(message)
      expect(ran.exitCode, ran.stderr).toBe(exitCode)
    }
    expect(kept(spark())).toEqual([])
  })
}
