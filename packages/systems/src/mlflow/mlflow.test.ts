import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, OutsideError, UserError } from '@headgate/core'
import { type MlflowFault, type MlflowTwin, startMlflow } from '@headgate/testkit'
import { afterEach, describe, expect, test } from 'vitest'
import { chunksOf } from './batch.ts'
import * as mlflow from './index.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const twin of open.splice(0)) await twin.close()
})

async function started(dialect: '3' | '2' | 'gitlab' = '3'): Promise<MlflowTwin> {
  const twin = await startMlflow(dialect)
  open.push(twin)
  return twin
}

const connect = (twin: { url: string }, more: Record<string, string> = {}, retries = 2) =>
  mlflow.connect({ MLFLOW_TRACKING_URI: twin.url, ...more }, { retries })

async function withRun(dialect: '3' | '2' | 'gitlab' = '3') {
  const twin = await started(dialect)
  const client = await connect(twin)
  const experimentId = await mlflow.ensureExperiment(client, 'm')
  const tags = { 'headgate.run_id': 'r1' }
  const run = await mlflow.ensureRun(client, { experimentId, name: 'r1', startedAt: 1, tags }, 'headgate.run_id')
  return { twin, client, run, experimentId }
}

async function file(content: string, path = 'model.bin'): Promise<mlflow.Upload> {
  const source = join(await mkdtemp(join(tmpdir(), 'mlflow-')), 'file')
  await writeFile(source, content)
  return { path, source, bytes: Buffer.byteLength(content), digest: digestOf(content) }
}

describe('what the server is', () => {
  test.each([
    ['3', 'mlflow-3', 'MLflow 3.17.2'],
    ['2', 'mlflow-2', 'MLflow 2.22.5'],
    ['gitlab', 'gitlab', 'GitLab'],
  ] as const)('%s is known as %s', async (dialect, expected, name) => {
    const client = await connect(await started(dialect))
    expect(client.dialect).toBe(expected)
    expect(mlflow.serverName(client)).toBe(name)
  })

  test.each([
    ['3', 'mlflow-3'],
    ['2', 'mlflow-2'],
  ] as const)('%s is known by its logged models where only the API is served', async (dialect, expected) => {
    const twin = await started(dialect)
    twin.faults = [{ path: /^\/version$/, status: 404 }]
    expect((await connect(twin)).dialect).toBe(expected)
  })

  test('each lack is told in words', async () => {
    const client = await connect(await started('gitlab'))
    for (const ability of mlflow.abilities) expect(mlflow.limitation(client, ability)).toMatch(/^GitLab has no /)
    await expect(mlflow.setAlias(client, 'm', 'champion', '1')).rejects.toThrow(/GitLab has no aliases.*Keep it in Git/)
    expect(mlflow.limitation(await connect(await started('3')), 'aliases')).toBeUndefined()
  })
})

describe('settings', () => {
  test.each<[Record<string, string>, RegExp]>([
    [{}, /MLFLOW_TRACKING_URI is not set/],
    [{ MLFLOW_TRACKING_URI: 'file:./mlruns' }, /begins with file:.*https:\/\/mlflow\.example\.org/],
    [{ MLFLOW_TRACKING_URI: 'mlruns' }, /no address of a server/],
    [{ MLFLOW_TRACKING_URI: 'http://x', MLFLOW_HTTP_REQUEST_TIMEOUT: 'soon' }, /REQUEST_TIMEOUT: expected a whole/],
    [{ MLFLOW_TRACKING_URI: 'https://x', MLFLOW_TRACKING_SERVER_CERT_PATH: '/no/such.pem' }, /CERT_PATH: ENOENT/],
  ])('%o is a mistake of the user', async (environment, message) => {
    const error = await mlflow.connect(environment).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UserError)
    expect(String(error)).toMatch(message)
  })

  test.each([
    [{ MLFLOW_TRACKING_TOKEN: 'hush' }, '', 'Bearer hush'],
    [
      { MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: 'pw', MLFLOW_TRACKING_TOKEN: 'hush' },
      '',
      'Basic YWRhOnB3',
    ],
    [{}, 'ada:pw@', 'Basic YWRhOnB3'],
  ])('%o with %s in the address is sent as %s, and kept out of the address', async (variables, userInfo, expected) => {
    const twin = await started()
    twin.authorization = expected
    const client = await connect({ url: twin.url.replace('//', `//${userInfo}`) }, variables as Record<string, string>)
    expect(await mlflow.ensureExperiment(client, 'Default')).toBe('0')
    expect(client.connection.address).toBe(twin.url)
    expect(client.connection.variables).toMatchObject({ MLFLOW_TRACKING_URI: twin.url })
    expect(client.connection.secretNames).toHaveLength(1)
  })
})

const page = '<!doctype html><title>Welcome</title>'

describe('what goes wrong is told with the line that mends it', () => {
  const cases: [string, MlflowFault, typeof UserError | typeof OutsideError, RegExp][] = [
    [
      '401',
      { status: 401, body: 'You are not authenticated.' },
      UserError,
      /does not know who asks.*MLFLOW_TRACKING_TOKEN/,
    ],
    ['403', { status: 403, body: 'Permission denied' }, UserError, /does not permit GET .*permission to edit/],
    [
      '403 by Host',
      { status: 403, body: 'Invalid Host header - possible DNS rebinding attack detected' },
      UserError,
      /--allowed-hosts 127\.0\.0\.1:\d+/,
    ],
    ['413', { status: 413, body: page }, UserError, /too large.*client_max_body_size 1m;/],
    [
      '301 to https',
      { status: 301, headers: { location: 'https://127.0.0.1/x' } },
      UserError,
      /Set MLFLOW_TRACKING_URI to https:\/\/127/,
    ],
    [
      '302 to a login page',
      { status: 302, headers: { location: 'https://login.example.org/?next=s3cret' } },
      UserError,
      /sends on to https:\/\/login\.example\.org\/ \(302\).*past any login page/,
    ],
    ['504', { status: 504, body: page }, OutsideError, /3 times.*gave up waiting.*proxy_read_timeout/],
    [
      '500',
      { status: 500, body: '{"error_code":"INTERNAL_ERROR","message":"database is locked"}' },
      OutsideError,
      /3 times.*500: database is locked/,
    ],
    ['HTML with 200', { status: 200, body: page }, UserError, /no MLflow server: it answered with a web page/],
    ['JSON of another kind', { status: 200, body: '{"experiment":[]}' }, OutsideError, /another shape than MLflow’s/],
    ['a cut connection', {}, OutsideError, /3 times.*connection was closed on the way/],
  ]
  test.each(cases)('%s', async (_, fault, kind, message) => {
    const twin = await started()
    const client = await connect(twin)
    twin.faults = [fault]
    const error = await mlflow.findExperiment(client, 'x').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(kind)
    expect(String(error).replaceAll('\n', ' ')).toMatch(message)
    expect(String(error)).not.toContain('s3cret')
  })

  test('a server that is no MLflow is known when connecting', async () => {
    const twin = await started()
    for (const fault of [
      { status: 200, body: page },
      { status: 404, body: page },
    ]) {
      twin.faults = [fault]
      await expect(connect(twin)).rejects.toThrow(/is no MLflow server: it answered with .*a web page/)
    }
  })

  test('nobody who listens is outside, and told so', async () => {
    const twin = await startMlflow()
    await twin.close()
    const error = await connect(twin, {}, 1).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OutsideError)
    expect(String(error)).toMatch(/was sent to .* twice.*nobody listens there.*Check MLFLOW_TRACKING_URI/)
  })

  test('a server that speaks no TLS is told apart', async () => {
    const twin = await started()
    await expect(connect({ url: twin.url.replace('http:', 'https:') })).rejects.toThrow(/does not speak TLS.*http:\/\//)
  })

  test('GitLab’s refusals name its token and its address', async () => {
    const twin = await started('gitlab')
    twin.authorization = 'Bearer right'
    const client = await connect(twin, { MLFLOW_TRACKING_TOKEN: 'wrong' })
    await expect(mlflow.ensureExperiment(client, 'm')).rejects.toThrow(
      /does not accept the token.*scope `api`.*job token/,
    )
    twin.authorization = undefined
    twin.faults = [{ status: 404, body: '{"message":"404 Project Not Found"}' }]
    await expect(mlflow.ensureExperiment(client, 'm')).rejects.toThrow(
      /404 Project Not Found.*<project id>\/ml\/mlflow/,
    )
  })
})

describe('patience', () => {
  test('a passing failure is survived, and Retry-After obeyed', async () => {
    const twin = await started()
    const client = await connect(twin)
    twin.faults = [
      { status: 503, headers: { 'retry-after': '0' }, times: 1 },
      { status: 429, headers: { 'retry-after': new Date(0).toUTCString() }, times: 1 },
    ]
    expect(await mlflow.ensureExperiment(client, 'Default')).toBe('0')
  })

  test('a server that asks for an hour is not waited for', async () => {
    const twin = await started()
    const client = await connect(twin)
    twin.faults = [{ status: 429, headers: { 'retry-after': '3600' } }]
    await expect(mlflow.findExperiment(client, 'x')).rejects.toThrow(/was sent to .* once/)
  })

  test('an error that another attempt would meet again is not repeated', async () => {
    const twin = await started()
    const client = await connect(twin)
    twin.faults = [{ status: 500, body: '{"error_code":"INVALID_STATE","message":"no"}' }]
    await expect(mlflow.findExperiment(client, 'x')).rejects.toThrow(/once\..*500: no/)
  })

  test('who gives up waiting is obeyed at once', async () => {
    const twin = await started()
    const controller = new AbortController()
    const client = mlflow.withOptions(await connect(twin), { signal: controller.signal })
    twin.faults = [{ status: 503, headers: { 'retry-after': '50' } }]
    const asked = mlflow.findExperiment(client, 'x')
    setTimeout(() => controller.abort(new Error('cancelled')), 50)
    await expect(asked).rejects.toThrow('cancelled')
  })

  test('a run whose creation was answered by nobody is found, and not made twice', async () => {
    const { twin, client, experimentId } = await withRun()
    for (const fault of [{}, { status: 502, body: page }, { status: 500 }]) {
      twin.faults = [{ path: /runs\/create/, isAfter: true, times: 1, ...fault }]
      const before = twin.runs.length
      const tags = { 'headgate.run_id': `other ${before}` }
      const run = await mlflow.ensureRun(client, { experimentId, name: 'r', startedAt: 1, tags }, 'headgate.run_id')
      expect(twin.runs.slice(before).map(({ id }) => id)).toEqual([run.id])
    }
  })

  test('an experiment that another made in between is taken', async () => {
    const twin = await started()
    const client = await connect(twin)
    twin.faults = [{ path: /get-by-name/, status: 404, body: '{"error_code":"RESOURCE_DOES_NOT_EXIST"}', times: 1 }]
    expect(await mlflow.ensureExperiment(client, 'Default')).toBe('0')
  })
})

describe('batches', () => {
  test('a batch is cut at 1,000 metrics, 100 parameters and 1 MB, and arrives whole and once when repeated', async () => {
    const { twin, client, run } = await withRun()
    const metrics = Array.from({ length: 2500 }, (_, step) => ({
      key: 'loss',
      value: step / 3,
      step,
      timestamp: 1000 + step,
    }))
    const params = Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`p${at}`, 'ж'.repeat(6000)]))
    const tags = { a: 'b' }
    twin.faults = [{ path: /log-batch/, isAfter: true, times: 1 }]
    await mlflow.logBatch(client, run.id, { metrics, params, tags })
    await mlflow.logBatch(client, run.id, { metrics, params, tags })
    const [stored] = twin.runs
    expect(stored?.metrics).toEqual(metrics)
    expect(Object.fromEntries(stored?.params ?? [])).toEqual(params)
    expect(stored?.tags.get('a')).toBe('b')
  })

  test('small things share one request', () => {
    const metrics = [{ key: 'a', value: Number.NaN, step: 0, timestamp: 1 }]
    expect([...chunksOf({ metrics, params: { b: '1' }, tags: { c: '2' } })]).toEqual([
      {
        metrics: [{ key: 'a', value: 'NaN', step: 0, timestamp: 1 }],
        params: [{ key: 'b', value: '1' }],
        tags: [{ key: 'c', value: '2' }],
      },
    ])
    expect([...chunksOf({})]).toEqual([])
  })

  test('what MLflow would change in silence is told apart from what it keeps', () => {
    const client = { dialect: 'mlflow-3', version: '3.17.2' } as const
    const point = { key: 'a', value: 1, step: -3, timestamp: 0 }
    const odd = [
      { ...point, value: '1' as unknown as number },
      { ...point, value: Number.NEGATIVE_INFINITY },
      { ...point, step: 1.5 },
      { ...point, timestamp: 1e20 },
      { ...point, key: 'x'.repeat(251) },
      { ...point, key: 'a//b' },
      { ...point, key: '' },
      { ...point, key: 'rate%' },
    ]
    const batch = { metrics: [point, ...odd], params: { long: 'x'.repeat(6001), fits: '😀'.repeat(6000) } }
    const { sound, problems } = mlflow.checkBatch(client, batch)
    expect(sound.metrics).toEqual([point])
    expect(Object.keys(sound.params ?? {})).toEqual(['fits'])
    expect(problems).toHaveLength(odd.length + 1)
    const nan = { metrics: [{ ...point, value: Number.NaN }] }
    expect(mlflow.checkBatch(client, nan).problems).toEqual([])
    expect(mlflow.checkBatch({ dialect: 'gitlab', version: null }, nan).problems[0]?.what).toContain(
      'GitLab cannot keep',
    )
  })
})

describe('artifacts', () => {
  test('an upload that is answered early is told with the size and the proxy’s line', async () => {
    const { twin, client, run } = await withRun()
    twin.faults = [{ method: 'PUT', status: 413, isEarly: true }]
    const big = await file('x'.repeat(3 * 2 ** 20))
    await expect(mlflow.uploadArtifacts(client, run.artifactUri, [big])).rejects.toThrow(
      /3 MiB.*client_max_body_size 3m|limits the size of a request.*client_max_body_size 3m/s,
    )
  })

  test('an upload that is cut names the proxy’s limit', async () => {
    const { twin, client, run } = await withRun()
    twin.faults = [{ method: 'PUT', isEarly: true }]
    const big = await file('x'.repeat(3 * 2 ** 20))
    const error = await mlflow.uploadArtifacts(client, run.artifactUri, [big]).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OutsideError)
    expect(String(error)).toMatch(/closed on the way.*client_max_body_size 3m/s)
  })

  test('an upload that failed once is sent again from its beginning', async () => {
    const { twin, client, run } = await withRun()
    twin.faults = [{ method: 'PUT', status: 503, headers: { 'retry-after': '0' }, times: 1 }]
    const small = await file('content', 'model/größe 1.bin')
    await mlflow.uploadArtifacts(client, run.artifactUri, [small, await file('', 'empty')])
    expect(twin.artifacts.get(`1/${run.id}/artifacts/model/größe 1.bin`)?.toString()).toBe('content')
    expect(await mlflow.listArtifacts(client, run.artifactUri)).toEqual([
      { path: 'empty', bytes: 0, isFolder: false },
      { path: 'model/größe 1.bin', bytes: 7, isFolder: false },
    ])
  })

  test('what arrived short, or changed, is noticed', async () => {
    const { twin, client, run } = await withRun()
    const whole = await file('content')
    const path = `1/${run.id}/artifacts/model.bin`
    twin.onCall = (call) => {
      if (call.startsWith('PUT')) twin.artifacts.set(path, Buffer.from('conten'))
    }
    await expect(mlflow.uploadArtifacts(client, run.artifactUri, [whole])).rejects.toThrow(/has 6 bytes of it/)
    twin.onCall = (call) => {
      if (call.startsWith('PUT')) twin.artifacts.set(path, Buffer.from('c0ntent'))
    }
    await mlflow.uploadArtifacts(client, run.artifactUri, [whole])
    await expect(mlflow.uploadArtifacts(client, run.artifactUri, [whole], { isReadBack: true })).rejects.toThrow(
      /has 7 bytes with the digest/,
    )
  })

  test('a file that changes while it is sent is a mistake of whoever writes it', async () => {
    const { client, run } = await withRun()
    const changed = { ...(await file('content')), digest: digestOf('contenu') }
    await expect(mlflow.uploadArtifacts(client, run.artifactUri, [changed])).rejects.toThrow(
      /changed while it was uploaded/,
    )
  })

  test('the credentials that expire in the middle are told', async () => {
    const { twin, client, run } = await withRun()
    twin.authorization = 'Bearer new'
    await expect(mlflow.uploadArtifacts(client, run.artifactUri, [await file('x')])).rejects.toThrow(
      /does not know who asks/,
    )
  })

  test.each(['s3://bucket', 'file:///srv/mlruns', '/srv/mlruns'])(
    'a server that leaves artifacts in %s to clients says so',
    async (store) => {
      const { twin, client } = await withRun()
      twin.artifactStore = store
      const run = await mlflow.findRun(client, 'run1')
      await expect(mlflow.uploadArtifacts(client, run?.artifactUri ?? '', [await file('x')])).rejects.toThrow(
        /does not serve its artifacts.*--serve-artifacts/,
      )
    },
  )

  test('an artifact server of its own is reached by the address that the tracking server gives', async () => {
    const { client, run } = await withRun()
    const other = await started()
    const host = new URL(other.url).host
    const small = await file('content')
    await mlflow.uploadArtifacts(client, run.artifactUri.replace(':/', `://${host}/`), [small])
    await mlflow.uploadArtifacts(client, `${other.url}/api/2.0/mlflow-artifacts/artifacts/exp/1`, [small])
    expect([...other.artifacts.keys()].sort()).toEqual([`1/${run.id}/artifacts/model.bin`, 'exp/1/model.bin'])
  })

  test('GitLab gets flat files, read back since it lists none', async () => {
    const { twin, client, run } = await withRun('gitlab')
    await mlflow.uploadArtifacts(client, run.artifactUri, [await file('content')])
    expect([...twin.artifacts.keys()]).toEqual([
      `/api/v4/projects/7/packages/ml_models/candidate:${run.id}/files/model.bin`,
    ])
    const deep = await file('x', 'model/x')
    await expect(mlflow.uploadArtifacts(client, run.artifactUri, [deep])).rejects.toThrow(/GitLab has no folders/)
  })

  test('a download that breaks off is begun again, and nothing is left of one that never ends', async () => {
    const { twin, client, run } = await withRun()
    const content = 'x'.repeat(100_000)
    await mlflow.uploadArtifacts(client, run.artifactUri, [await file(content)])
    const folder = await mkdtemp(join(tmpdir(), 'mlflow-'))
    let breaks = 1
    const proxy = createServer(async (request, response) => {
      const answer = await fetch(`${twin.url}${request.url}`)
      const bytes = Buffer.from(await answer.arrayBuffer())
      response.writeHead(answer.status, { 'content-length': bytes.length })
      const isBroken = request.url?.includes('model.bin') && breaks-- > 0
      if (isBroken) response.write(bytes.subarray(0, 1000), () => response.destroy())
      else response.end(bytes)
    })
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
    open.push({ close: () => new Promise((done) => proxy.close(() => done())) })
    const through = await connect({ url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` })
    await mlflow.downloadArtifact(
      through,
      run.artifactUri,
      { path: 'model.bin', digest: digestOf(content) },
      join(folder, 'a'),
    )
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe(content)
    breaks = Number.POSITIVE_INFINITY
    await expect(
      mlflow.downloadArtifact(through, run.artifactUri, { path: 'model.bin' }, join(folder, 'b')),
    ).rejects.toThrow(/broke off each time/)
    expect(await readdir(folder)).toEqual(['a'])
    await mlflow.close(through)
  })
})

test('a proxy of the environment is used', async () => {
  const asked: string[] = []
  const proxy = createTcpServer((socket) =>
    socket.once('data', (data) => {
      asked.push(data.toString().split('\r\n')[0] ?? '')
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')
    }),
  )
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
  open.push({ close: () => new Promise((done) => proxy.close(() => done())) })
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  await connect({ url: 'http://mlflow.invalid' }, { HTTP_PROXY: address }, 0).catch(() => undefined)
  expect(asked[0]).toMatch(/mlflow\.invalid/)
})
