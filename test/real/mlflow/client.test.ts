import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestTree } from '@headgate/files'
import * as mlflow from '@headgate/systems/mlflow'
import { describe, expect, test } from 'vitest'
import { type Server, servers } from './server.ts'

const unique = (name: string): string => `${name}-${randomUUID().slice(0, 8)}`

async function newRun(server: Server, tags: Record<string, string> = {}) {
  const client = await mlflow.connect(server.environment)
  const experimentId = await mlflow.ensureExperiment(client, unique('experiment'))
  const startedAt = Date.parse('2026-01-02T03:04:05.678Z')
  const all = { 'headgate.run_id': unique('run'), ...tags }
  const run = await mlflow.ensureRun(client, { experimentId, name: 'a run', startedAt, tags: all }, 'headgate.run_id')
  return { client, run, experimentId, tags: all, startedAt }
}

/** A folder with files of odd names and sizes. */
async function files({ major }: Server): Promise<mlflow.Upload[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mlflow-files-'))
  await mkdir(join(folder, 'deep/er'), { recursive: true })
  // MLflow 2 cannot name other letters than Latin-1 in its answers.
  await writeFile(join(folder, `a b+c&d;e=é${major === 3 ? '木' : ''}.txt`), 'odd')
  await writeFile(join(folder, 'deep/empty'), '')
  await writeFile(join(folder, 'deep/er/100%.bin'), Buffer.alloc(3_000_000, 7))
  const tree = await digestTree(folder)
  return tree.files.map((file) => ({ ...file, source: join(folder, file.path) }))
}

const known = await servers()

describe.each(known)('$title', (server) => {
  test('is of the version that is meant', async () => {
    const client = await mlflow.connect(server.environment)
    expect(client.dialect).toBe(`mlflow-${server.major}`)
  })

  test('experiments are made once, by eight at a time', async () => {
    const name = `${unique('team/model')} Ж`
    const clients = await Promise.all(Array.from({ length: 8 }, () => mlflow.connect(server.environment)))
    const ids = await Promise.all(clients.map((client) => mlflow.ensureExperiment(client, name)))
    expect(new Set(ids).size).toBe(1)
    expect(await server.python('answer(client.get_experiment_by_name(a).experiment_id)', name)).toBe(ids[0])
  })

  test('a deleted experiment is told with the command that restores it', async () => {
    const client = await mlflow.connect(server.environment)
    const name = unique('gone')
    await mlflow.deleteExperiment(client, await mlflow.ensureExperiment(client, name))
    await expect(mlflow.ensureExperiment(client, name)).rejects.toThrow(/was deleted.*mlflow experiments restore/s)
  })

  test('a run, its parameters, tags, metrics with steps and NaN are what the Python client reads', async () => {
    const { client, run, tags, startedAt } = await newRun(server)
    const metrics = [0.5, 0.25, Number.NaN, -1e-300].map((value, step) => ({
      key: 'val/loss é:1',
      value,
      step: step * 3,
      timestamp: startedAt + step,
    }))
    const batch = {
      metrics,
      params: { alpha: '0.1', long: 'ж'.repeat(6000), empty: '' },
      tags: { note: 'x'.repeat(5000) },
    }
    await mlflow.logBatch(client, run.id, batch)
    await mlflow.logBatch(client, run.id, batch)
    await mlflow.updateRun(client, run.id, { status: 'KILLED', endedAt: startedAt + 1000 })
    const read = await server.python(
      `
run = client.get_run(a)
history = client.get_metric_history(a, 'val/loss é:1')
answer({
  'status': run.info.status, 'name': run.info.run_name, 'start': run.info.start_time, 'end': run.info.end_time,
  'params': run.data.params, 'tags': {k: v for k, v in run.data.tags.items() if k in ('note', 'headgate.run_id')},
  'history': [[m.step, m.timestamp, 'nan' if math.isnan(m.value) else m.value] for m in history],
})`,
      run.id,
    )
    expect(read).toEqual({
      status: 'KILLED',
      name: 'a run',
      start: startedAt,
      end: startedAt + 1000,
      params: batch.params,
      tags: { ...batch.tags, 'headgate.run_id': tags['headgate.run_id'] },
      history: metrics.map(({ step, timestamp, value }) => [step, timestamp, Number.isNaN(value) ? 'nan' : value]),
    })
    const found = await mlflow.findRun(client, run.id)
    expect(found?.metrics).toEqual([metrics[3]])
    expect(await mlflow.metricHistory(client, run.id, 'val/loss é:1')).toHaveLength(4)
  })

  test('a run is found again by its tag, and made once', async () => {
    const { client, run, experimentId, tags } = await newRun(server)
    const again = { experimentId, name: 'another', startedAt: 0, tags }
    expect((await mlflow.ensureRun(client, again, 'headgate.run_id')).id).toBe(run.id)
    expect(await mlflow.findRuns(client, experimentId, {}, 'RUNNING')).toHaveLength(1)
    expect(await mlflow.findRuns(client, experimentId, {}, 'KILLED')).toEqual([])
    expect(await mlflow.deleteRun(client, run.id)).toBe(true)
    expect(await mlflow.findRuns(client, experimentId, tags)).toEqual([])
  })

  test('10,000 points of metrics arrive, each once', async () => {
    const { client, run } = await newRun(server)
    const metrics = Array.from({ length: 10_000 }, (_, step) => ({
      key: `m${step % 4}`,
      value: step / 7,
      step,
      timestamp: 1,
    }))
    const started = performance.now()
    await mlflow.logBatch(client, run.id, { metrics })
    console.log(`${server.title}: 10,000 points in ${((performance.now() - started) / 1000).toFixed(1)} s`)
    const sums = await server.python(
      `
answer([[len(h), len(set(m.step for m in h)), sum(m.value for m in h)]
  for h in [client.get_metric_history(a, f'm{i}') for i in range(4)]])`,
      run.id,
    )
    const sumOf = (first: number): number =>
      metrics.filter((_, at) => at % 4 === first).reduce((sum, { value }) => sum + value, 0)
    expect(sums).toEqual([0, 1, 2, 3].map((first) => [2500, 2500, expect.closeTo(sumOf(first), 6)]))
  })

  test('dataset inputs are resolved by the Python client, and logged once', async () => {
    const { client, run } = await newRun(server)
    const digest = `sha256:${'0123456789abcdef'.repeat(4)}`
    const dataset = {
      name: 'data/a.parquet',
      digest: mlflow.shortDigest(digest),
      sourceType: 'local',
      source: JSON.stringify({ uri: 'data/a.parquet' }),
      context: 'training',
      tags: { 'headgate.digest': digest },
    }
    await mlflow.logInputs(client, run.id, [dataset])
    await mlflow.logInputs(client, run.id, [dataset])
    const read = await server.python(
      `
inputs = client.get_run(a).inputs.dataset_inputs
answer([[i.dataset.name, i.dataset.digest, {t.key: t.value for t in i.tags}, mlflow.data.get_source(i).uri] for i in inputs])`,
      run.id,
    )
    const tags = { 'mlflow.data.context': 'training', 'headgate.digest': digest }
    expect(read).toEqual([['data/a.parquet', '0123456789abcdef0123456789abcdef0123', tags, 'data/a.parquet']])
  })

  test('artifacts with odd names come back byte for byte, in Python and here', async () => {
    const { client, run } = await newRun(server)
    const sent = await files(server)
    await mlflow.uploadArtifacts(client, run.artifactUri, sent)
    await mlflow.uploadArtifacts(client, run.artifactUri, sent, { isReadBack: true })
    const listed = await mlflow.listArtifacts(client, run.artifactUri)
    expect(listed.map(({ path, bytes }) => [path, bytes])).toEqual(sent.map(({ path, bytes }) => [path, bytes]))
    const folder = await mkdtemp(join(tmpdir(), 'mlflow-down-'))
    await server.python('mlflow.artifacts.download_artifacts(run_id=a[0], dst_path=a[1])', [run.id, folder])
    expect((await digestTree(folder)).files).toEqual(sent.map(({ source: _, ...file }) => file))
    for (const file of sent) {
      const to = join(folder, 'here', file.path)
      await mlflow.downloadArtifact(client, run.artifactUri, file, to)
      expect(await readFile(to)).toEqual(await readFile(file.source))
    }
    await expect(
      mlflow.downloadArtifact(client, run.artifactUri, { path: 'deep/none' }, '/dev/null/x'),
    ).rejects.toThrow(/has no deep\/none/)
    const other = { path: sent[0]?.path ?? '', digest: `sha256:${'0'.repeat(64)}` }
    await expect(mlflow.downloadArtifact(client, run.artifactUri, other, join(folder, 'x'))).rejects.toThrow(
      /and not sha256:000/,
    )
  })

  test('names that the server would change are refused before anything is sent', async () => {
    const { client, run } = await newRun(server)
    const [file] = await files(server)
    const odd = ['a#b', 'a%20b', '../x', ...(server.major === 2 ? ['木'] : [])].map((path) => ({
      ...(file as mlflow.Upload),
      path,
    }))
    await expect(mlflow.uploadArtifacts(client, run.artifactUri, odd)).rejects.toThrow(/"a#b".*"a%20b".*"\.\.\/x"/s)
    expect(await mlflow.listArtifacts(client, run.artifactUri)).toEqual([])
  })

  if (server.major === 3)
    test('a logged model is whole, linked to its run, and made once', async () => {
      const { client, run, experimentId } = await newRun(server)
      const model = { experimentId, runId: run.id, name: 'team/m', tags: { 'headgate.digest': 'sha256:1' } }
      const made = await mlflow.ensureLoggedModel(client, model, 'headgate.digest')
      expect((await mlflow.ensureLoggedModel(client, model, 'headgate.digest')).id).toBe(made.id)
      await mlflow.uploadArtifacts(client, made.artifactUri, await files(server))
      await mlflow.finishLoggedModel(client, made.id, true)
      const read = await server.python(
        `
model = client.get_logged_model(a[1])
path = mlflow.artifacts.download_artifacts('models:/' + a[1])
answer([model.status.value, model.source_run_id, model.name, [m.model_id for m in client.get_run(a[0]).outputs.model_outputs],
  sorted(os.path.relpath(os.path.join(d, f), path) for d, _, fs in os.walk(path) for f in fs)])`,
        [run.id, made.id],
      )
      const names = (await files(server)).map(({ path }) => path)
      expect(read).toEqual(['READY', run.id, 'team-m', [made.id], names])
    })

  if (server.major === 2)
    test('MLflow 2 says that it has no logged models; its run is noted to hold one', async () => {
      const { client, run, experimentId } = await newRun(server)
      const model = { experimentId, runId: run.id, name: 'm', tags: { a: 'b' } }
      await expect(mlflow.ensureLoggedModel(client, model, 'a')).rejects.toThrow(
        /MLflow 2\.22.*has no logged models.*Use MLflow 3/,
      )
      await mlflow.noteModel(client, run.id, 'model', new Date())
      const tag = await server.python(
        "answer(json.loads(client.get_run(a).data.tags['mlflow.log-model.history']))",
        run.id,
      )
      expect(tag).toMatchObject([{ run_id: run.id, artifact_path: 'model' }])
    })

  test('a model, its versions, tags and aliases are what the Python client reads', async () => {
    const { client, run } = await newRun(server)
    const name = unique('flight-delays')
    await Promise.all([1, 2, 3].map(() => mlflow.ensureRegisteredModel(client, { name, tags: { owner: 'a' } })))
    await mlflow.uploadArtifacts(
      client,
      run.artifactUri,
      (await files(server)).map((file) => ({ ...file, path: `model/${file.path}` })),
    )
    const version = { name, source: `runs:/${run.id}/model`, runId: run.id, tags: { 'headgate.digest': 'sha256:1' } }
    const made = await mlflow.ensureVersion(client, version, 'headgate.digest')
    expect((await mlflow.ensureVersion(client, version, 'headgate.digest')).version).toBe(made.version)
    const second = await mlflow.ensureVersion(
      client,
      { ...version, tags: { 'headgate.digest': 'sha256:2' } },
      'headgate.digest',
    )
    await mlflow.setAlias(client, name, 'champion', made.version)
    await mlflow.setAlias(client, name, 'challenger', second.version)
    await mlflow.setVersionTag(client, name, made.version, 'previous_champion', '0')
    await mlflow.setModelTag(client, name, 'team', 'ml')
    const read = await server.python(
      `
model = client.get_registered_model(a)
version = client.get_model_version_by_alias(a, 'champion')
path = mlflow.artifacts.download_artifacts('models:/' + a + '@champion')
answer([model.tags, model.aliases, version.version, version.tags, version.run_id, os.path.exists(path + '/deep/empty')])`,
      name,
    )
    expect(read).toEqual([
      { owner: 'a', team: 'ml' },
      { champion: '1', challenger: '2' },
      '1',
      { 'headgate.digest': 'sha256:1', previous_champion: '0' },
      run.id,
      true,
    ])
    expect((await mlflow.findRegisteredModel(client, name))?.aliases).toEqual({ champion: '1', challenger: '2' })
    expect((await mlflow.findByAlias(client, name, 'champion'))?.version).toBe('1')
    expect((await mlflow.findVersions(client, name)).map(({ version }) => version)).toEqual(['2', '1'])
    expect(await mlflow.artifactUriOf(client, name, '1')).toBe(`${run.artifactUri}/model`)
    await mlflow.deleteAlias(client, name, 'champion')
    await mlflow.deleteAlias(client, name, 'champion')
    await mlflow.deleteVersionTag(client, name, '1', 'previous_champion')
    expect(await mlflow.findByAlias(client, name, 'champion')).toBeUndefined()
    expect(await mlflow.findByAlias(client, unique('none'), 'champion')).toBeUndefined()
    expect(await mlflow.findVersion(client, name, '99')).toBeUndefined()
    expect(await mlflow.findRegisteredModel(client, unique('none'))).toBeUndefined()
    await expect(mlflow.setAlias(client, name, 'latest', '1')).rejects.toThrow(/takes no alias "latest"/)
    await expect(mlflow.ensureRegisteredModel(client, { name: 'a/b' })).rejects.toThrow(/without `\/`/)
  })

  if (server.major === 3)
    test('a version of a logged model leads to its files', async () => {
      const { client, run, experimentId } = await newRun(server)
      const name = unique('m')
      const model = { experimentId, runId: run.id, name, tags: { a: 'b' } }
      const { id, artifactUri } = await mlflow.ensureLoggedModel(client, model, 'a')
      await mlflow.finishLoggedModel(client, id, true)
      await mlflow.ensureRegisteredModel(client, { name })
      const version = { name, source: `models:/${id}`, modelId: id, runId: run.id, tags: { a: 'b' } }
      const made = await mlflow.ensureVersion(client, version, 'a')
      expect(await mlflow.artifactUriOf(client, name, made.version)).toBe(artifactUri)
    })

  test('what the server would change in silence is refused, all at once, and nothing is logged', async () => {
    const { client, run } = await newRun(server)
    const point = { key: 'x', value: 1, timestamp: 1, step: 0 }
    const batch = {
      metrics: [
        point,
        { ...point, key: 'text', value: 'x' as unknown as number },
        { ...point, key: 'inf', value: Number.POSITIVE_INFINITY },
        { ...point, key: 'half', step: 0.5 },
        { ...point, key: 'time', timestamp: 1.5 },
        { ...point, key: 'a(b)' },
        { ...point, key: '../b' },
      ],
      params: { long: 'x'.repeat(6001) },
      tags: { long: 'x'.repeat(5001) },
    }
    const error = await mlflow.logBatch(client, run.id, batch).catch((thrown: Error) => thrown)
    for (const name of ['text', 'inf', 'half', 'time', 'a(b)', '../b'])
      expect(String(error)).toContain(JSON.stringify(name))
    expect(String(error)).toMatch(/parameter "long" is 6,001 characters long.*tag "long"/s)
    expect((await mlflow.findRun(client, run.id))?.metrics).toEqual([])
  })

  test('a run that is not there, and a parameter that would change, are told in words', async () => {
    const { client, run } = await newRun(server)
    expect(await mlflow.findRun(client, 'nope')).toBeUndefined()
    await mlflow.logBatch(client, run.id, { params: { a: '1' } })
    await expect(mlflow.logBatch(client, run.id, { params: { a: '2' } })).rejects.toThrow(
      /refused mlflow\/runs\/log-batch: Changing param/,
    )
    await expect(mlflow.logBatch(client, 'nope', { params: { a: '2' } })).rejects.toThrow(/id=nope not found/)
  })

  if (server.environment.MLFLOW_TRACKING_USERNAME !== undefined)
    test('who is not known, and who may only read, are told what they lack', async () => {
      const { run, client } = await newRun(server)
      const { MLFLOW_TRACKING_URI } = server.environment
      await expect(mlflow.connect({ MLFLOW_TRACKING_URI })).rejects.toThrow(/does not know who asks.*_USERNAME/)
      const [name, password] = [unique('reader'), 'a-long-password']
      await server.python(
        "from mlflow.server import get_app_client\nget_app_client('basic-auth', a[0]).create_user(a[1], a[2])",
        [MLFLOW_TRACKING_URI, name, password],
      )
      const credentials = { MLFLOW_TRACKING_USERNAME: name, MLFLOW_TRACKING_PASSWORD: password }
      const reader = await mlflow.connect({ MLFLOW_TRACKING_URI, ...credentials })
      expect((await mlflow.findRun(reader, run.id))?.id).toBe(run.id)
      const refused = /does not permit POST mlflow\/runs\/log-batch \(403\).*permission to edit/s
      await expect(mlflow.logBatch(reader, run.id, { params: { a: '1' } })).rejects.toThrow(refused)
      await expect(mlflow.uploadArtifacts(reader, run.artifactUri, await files(server))).rejects.toThrow(
        /does not permit PUT/,
      )
      expect(await mlflow.deleteRun(reader, run.id)).toBe(false)
      expect((await mlflow.findRun(client, run.id))?.params).toEqual({})
    })
})
