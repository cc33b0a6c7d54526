import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Document } from '@headgate/core'
import { documentSchema, Interruption, schemaName } from '@headgate/core'
import { digestFile, writeDocument } from '@headgate/files'
import type { Log } from '@headgate/runners'
import { expect, test } from 'vitest'
import { contextOf, makeProject, portsOf, settingsOf, trainer } from '../test/project.ts'
import type { Ports } from './ports.ts'
import { run } from './run.ts'
import { stage } from './stage.ts'

function runnerOf({ context, ciRun }: Ports): Document['runner'] {
  return { kind: context.runner, event: context.event, os: 'linux', ...(ciRun === null ? {} : { runId: ciRun }) }
}

/** What the runner does with findings: header, strict schema, file. */
async function runAndWrite(
  root: string,
  more: Record<string, unknown> = {},
  ports: Ports = portsOf(root),
): Promise<{ document: Document<'training'>; exitCode: number | undefined }> {
  const settings = settingsOf(root, more)
  const { body, exitCode, ...findings } = await run(settings, ports)
  const header = {
    schema: schemaName('training'),
    model: 'm',
    commit: ports.commit,
    createdAt: new Date().toISOString(),
    tool: 'headgate 0',
    runner: runnerOf(ports),
    durationMs: 0,
  }
  const document = documentSchema('training').parse({ ...header, ...findings, ...body })
  await writeDocument('training', settings.workFolder, document)
  return { document, exitCode }
}

test('a training leaves a document with its inputs, its artifacts by digest, and metrics without NaN', async () => {
  const root = makeProject()
  const lines: string[] = []
  const { document } = await runAndWrite(root, { param: ['seed=7', 'name=Ж'] }, portsOf(root, lines))
  expect(document.verdict).toBe('pass')
  expect(document.run).toMatchObject({ exitCode: 0, params: { seed: 7, name: 'Ж' }, executor: 'process' })
  expect(document.data.map(({ path }) => path)).toEqual(['data/a.csv', 'data/b.csv'])
  expect(document.data[0]?.digest).toBe((await digestFile(join(root, 'data/a.csv'))).digest)
  expect(document.metrics).toEqual({ auc: 0.7, loss: null, 'by.f1': null })
  expect(document.modelArtifact?.path).toBe('.headgate/m/output/model')
  expect(document.predictions).toMatchObject({ path: 'predictions.csv', bytes: 15 })
  expect(document.artifacts.map(({ path }) => path)).toEqual(['metrics.json', 'model/model.json', 'predictions.csv'])
  expect(document.code).toMatchObject({ dirty: null, paths: ['.'] })
  expect(document.environment.lock?.path).toBe('requirements.txt')
  expect(document.environment.interpreter).toBe(process.version)
  expect(lines).toContain(`data 2 ${document.run.id} Zürich `)
  expect(readFileSync(join(root, '.headgate/m/output/model/model.json'), 'utf8')).toBe('{"name":"Ж","seed":7}')
  expect(stage.outputs.predictionsPath.value(document)).toBe('.headgate/m/output/predictions.csv')
  expect(stage.report(document).sections.map(({ name }) => name)).toContain('Artifacts')
})

test('a failing command is told with its exit code and last lines, and the old output stays', async () => {
  const root = makeProject()
  await runAndWrite(root)
  const { document, exitCode } = await runAndWrite(root, { param: { fail: true } })
  expect(exitCode).toBe(2)
  expect(document).toMatchObject({ verdict: 'fail', modelArtifact: null, run: { exitCode: 3 } })
  expect(document.error?.message).toMatch(/ended with exit code 3\. Its last lines:\n[\s\S]*no such column: späť/)
  expect(readdirSync(join(root, '.headgate/m')).sort()).toEqual(['output', 'training.json'])
})

test.each([
  ['model', 'no model/', 'predictions.csv (15 bytes)'],
  ['predictions', 'no predictions.parquet, .csv or .ndjson', 'model/model.json ('],
])('a missing %s fails the run with the listing of the folder', async (forget, missing, listed) => {
  const { document, exitCode } = await runAndWrite(makeProject(), { param: { forget } })
  expect(exitCode).toBe(2)
  expect(document.error?.message).toContain(missing)
  expect(document.error?.message).toContain(listed)
  expect(document.summary).toBe(`Training failed: The training left ${missing}.`)
})

test('a training that outlasts its timeout is ended and told so', async () => {
  const { document } = await runAndWrite(makeProject(), { param: { hang: true }, timeout: '500ms' })
  expect(document.error?.message).toContain('was ended after 0.5 s, its `timeout`')
})

test('a cancelled training leaves neither a process nor half an output', async () => {
  const root = makeProject()
  const controller = new AbortController()
  const lines: string[] = []
  const log: Log = {
    ...portsOf(root).log,
    quote: (_, work) =>
      work((line) => {
        lines.push(line)
        if (line.startsWith('pid ')) controller.abort(new Interruption('SIGINT'))
      }),
  }
  const ports = portsOf(root, [], { log, signal: controller.signal })
  await expect(run(settingsOf(root, { param: { hang: true } }), ports)).rejects.toThrow('Interrupted by SIGINT')
  const pid = lines.find((line) => line.startsWith('pid '))?.slice(4)
  expect(() => readFileSync(`/proc/${pid}/cmdline`).length || process.kill(Number(pid), 0)).toThrow()
  expect(readdirSync(join(root, '.headgate/m'))).toEqual([])
})

test('secrets that the command prints are hidden', async () => {
  const root = makeProject()
  const lines: string[] = []
  const ports = portsOf(root, lines, { secrets: ['s3cr3t-token'] })
  await runAndWrite(root, { env: { TOKEN: 's3cr3t-token' } }, ports)
  expect(lines.join('\n')).toContain('Zürich ***')
  expect(lines.join('\n')).not.toContain('s3cr3t-token')
})

test('the same inputs are not trained again; a changed one is named', async () => {
  const root = makeProject()
  const first = await runAndWrite(root)
  const second = await runAndWrite(root)
  expect(second.document.cache).toMatchObject({ hit: true })
  expect(second.document).toMatchObject({ key: first.document.key, run: { id: first.document.run.id } })

  writeFileSync(join(root, 'data', 'b.csv'), 'id\n3\n')
  const third = await runAndWrite(root, { param: ['seed=8'] })
  expect(third.document.cache).toEqual({
    hit: false,
    reason: `changed since run ${first.document.run.id}: the data (data/b.csv), the parameters (seed).`,
  })
  writeFileSync(join(root, 'train.cjs'), `${trainer}// more\n`)
  const fourth = await runAndWrite(root, { param: ['seed=8'] })
  expect(fourth.document.cache.reason).toContain(': the code.')
  expect(fourth.document.code.dirty).toMatch(/^sha256:/)
})

test('a notebook that was run again trains nothing again, one whose code changed does', async () => {
  const root = makeProject()
  const write = (source: string, outputs: unknown[]): void => {
    const cell = { cell_type: 'code', metadata: {}, source, outputs, execution_count: outputs.length || null }
    writeFileSync(
      join(root, 'look.ipynb'),
      JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 }),
    )
  }
  write('print(1)', [])
  execFileSync('git', ['add', '.'], { cwd: root })
  await runAndWrite(root)
  write('print(1)', [{ output_type: 'stream', name: 'stdout', text: '1' }])
  expect((await runAndWrite(root)).document.cache.hit).toBe(true)
  write('print(2)', [])
  expect((await runAndWrite(root)).document.cache.reason).toContain(': the code.')
})

const hasShell = process.platform !== 'win32'

test.runIf(hasShell)('a notebook that failed says where it lies as far as it ran', async () => {
  const root = makeProject()
  const cell = { cell_type: 'code', metadata: { tags: ['parameters'] }, source: '', outputs: [], execution_count: null }
  const kernelspec = { name: 'python3', display_name: 'Python 3', language: 'python' }
  const notebook = { cells: [cell], metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 }
  writeFileSync(join(root, 'look.ipynb'), JSON.stringify(notebook))
  // In place of papermill: it leaves its notebook, and fails.
  const program = '[ "$HEADGATE_OUTPUT" ] || exit 0\nmkdir "$HEADGATE_OUTPUT/notebook"\n'
  const python = (leaves: string): void =>
    writeFileSync(join(root, 'python3'), `#!/bin/sh\n${program}${leaves}exit 1\n`, { mode: 0o755 })
  const remedy = async (): Promise<string> =>
    (await runAndWrite(root, { run: './python3 look.ipynb' })).document.error?.remedy ?? ''
  python('echo {} > "$HEADGATE_OUTPUT/notebook/executed.ipynb"\n')
  expect(await remedy()).toBe(
    'Mend the training code. The notebook as far as it ran: .headgate/m/failed/notebook/executed.ipynb.',
  )
  python('cd "$HEADGATE_OUTPUT/notebook"; echo {} > executed.ipynb; echo > executed.html\n')
  expect(await remedy()).toContain('.headgate/m/failed/notebook/executed.html.')
})

test('a whole number that JSON cannot hold exactly is refused, wherever it stands; as text it arrives', async () => {
  const root = makeProject()
  const param = { n: 2 ** 53, deep: [{ m: -(2 ** 60) }], float: 1e300, most: 2 ** 53 - 1 }
  await expect(run(settingsOf(root, { param }), portsOf(root))).rejects.toThrow(
    /^`param`: n is .*\n`param`: deep\.0\.m is /,
  )
  const { document } = await runAndWrite(root, { param: ['n=12345678901234567890'] })
  expect(document.run.params).toEqual({ n: '12345678901234567890' })
})

test('a variable that `env` changes trains again, a renewed secret does not', async () => {
  const root = makeProject()
  const first = await runAndWrite(
    root,
    { env: { ALPHA: '1', TOKEN: 'first-s3cr3t' } },
    portsOf(root, [], { secrets: ['first-s3cr3t'] }),
  )
  expect(first.document.environment.variables).toEqual({ ALPHA: '1', TOKEN: '***' })
  const renewed = { env: { ALPHA: '1', TOKEN: 'second-s3cr3t' } }
  const second = await runAndWrite(root, renewed, portsOf(root, [], { secrets: ['second-s3cr3t'] }))
  expect(second.document.cache.hit).toBe(true)
  const third = await runAndWrite(
    root,
    { env: { ALPHA: '99', TOKEN: 'second-s3cr3t' } },
    portsOf(root, [], { secrets: ['second-s3cr3t'] }),
  )
  expect(third.document.cache).toEqual({
    hit: false,
    reason: `changed since run ${first.document.run.id}: the variables of \`env\` (ALPHA).`,
  })
})

test('an output that was tampered with is trained again', async () => {
  const root = makeProject()
  await runAndWrite(root)
  writeFileSync(join(root, '.headgate/m/output/model/model.json'), '{"other":1}')
  const { document } = await runAndWrite(root)
  expect(document.cache).toEqual({ hit: false, reason: 'the output is no longer what the earlier training left.' })
})

test('in a CI the work folder is taken over from this very run only', async () => {
  const root = makeProject()
  const context = { ...contextOf('push'), runner: 'github' as const }
  const inRun = (ciRun: string | null) => runAndWrite(root, {}, portsOf(root, [], { context, ciRun }))
  expect((await inRun('1')).document.cache.hit).toBe(false)
  expect((await inRun('1')).document.cache.hit).toBe(true)
  const { document } = await inRun('2')
  expect(document.cache).toEqual({ hit: false, reason: 'the training in the work folder is not of this run.' })
  expect((await inRun(null)).document.cache.hit).toBe(false)
  expect((await runAndWrite(root)).document.cache.hit).toBe(true)
})

test('what the base branch says of training holds before the settings of the change', async () => {
  const root = makeProject()
  const held = { onPullRequest: 'always', sweep: false, detach: false } as const
  const ports = portsOf(root, [], { context: contextOf('pull-request'), held })
  const { document } = await runAndWrite(root, { onPullRequest: 'never', sweep: true }, ports)
  expect(document.model).not.toBeNull()
})

test('the default branch does not take over what a pull request trained', async () => {
  const root = makeProject()
  await runAndWrite(root, {}, portsOf(root, [], { context: contextOf('pull-request') }))
  const { document } = await runAndWrite(root)
  expect(document.cache).toEqual({
    hit: false,
    reason: 'the earlier training was a pull request’s, or another branch’s.',
  })
})

test('a run that was killed between the renames is repaired by the next', async () => {
  const root = makeProject()
  const first = await runAndWrite(root)
  const work = join(root, '.headgate/m')
  execFileSync('mv', ['output', 'output.old-x'], { cwd: work })
  mkdirSync(join(work, 'output.tmp-999999999-x'))
  const failing = await runAndWrite(root, { param: { fail: true } })
  expect(failing.exitCode).toBe(2)
  expect(readdirSync(work).sort()).toEqual(['output', 'training.json'])
  expect((await digestFile(join(work, 'output/model/model.json'))).digest).toBe(first.document.artifacts[1]?.digest)
})

test('all that is missing or not in this release is told at once', async () => {
  const root = makeProject()
  await expect(
    run(settingsOf(root, { data: ['none/*.csv', 'postgres://ada:s3cr3t@db/x#flights'] }), portsOf(root)),
  ).rejects.toThrow(/nothing at none\/\*\.csv[\s\S]*postgres:\/\/db\/x is a table of a database/)
  await expect(run(settingsOf(root, { run: 'train.ipynb' }), portsOf(root))).rejects.toThrow(/train\.ipynb/)
  await expect(run(settingsOf(root, { detach: true }), portsOf(root))).rejects.toThrow(/ends with the job/)
  expect(await run(settingsOf(root, { run: 'no-such-program x' }), portsOf(root))).toMatchObject({
    exitCode: 2,
    body: { error: { message: expect.stringContaining('no-such-program could not be started') } },
  })
})

test('the block of another executor than is used is told to have no effect', async () => {
  const root = makeProject()
  const lines: string[] = []
  const unused = { docker: { image: 'train:1' }, ray: { address: 'http://head:8265' } }
  await run({ ...settingsOf(root, unused), dryRun: true }, portsOf(root, lines))
  expect(lines).toContain('`docker:` and `ray:` have no effect: the executor is process.')
  lines.length = 0
  await run({ ...settingsOf(root), dryRun: true }, portsOf(root, lines))
  expect(lines.join('\n')).not.toContain('no effect')
})

test.each([
  ['{"schema":"headgate/handle@1","model":"m"}', /^--attach: is no handle: .*`runId`.*`executor`.*`job`/],
  ['{"schema":', /^--attach: is no handle: .*JSON/],
])('what is no handle is told in one line: %s', async (attach, expected) => {
  const root = makeProject()
  const refused = run(settingsOf(root, { attach }), portsOf(root))
  await expect(refused).rejects.toThrow(expected)
  await expect(refused).rejects.toThrow(/^[^\n]+$/)
})

test('a dry run trains nothing', async () => {
  const root = makeProject()
  const found = await run({ ...settingsOf(root), dryRun: true }, portsOf(root))
  expect(found).toMatchObject({ verdict: 'inconclusive', exitCode: 0, body: { modelArtifact: null } })
})

/** A cache of folders; `saved` has them by key. */
function folderCache(saved: Map<string, string>): NonNullable<Ports['cache']> {
  return {
    save: async (key, [folder = '']) => {
      const copy = mkdtempSync(join(tmpdir(), 'train-cache-'))
      execFileSync('cp', ['-r', `${folder}/.`, copy])
      saved.set(key, copy)
    },
    restore: async (key, [folder = '']) => {
      const copy = saved.get(key)
      if (copy === undefined) return false
      mkdirSync(folder, { recursive: true })
      execFileSync('cp', ['-r', `${copy}/.`, folder])
      return true
    },
  }
}

test('the cache brings a training back to a machine that has none', async () => {
  const root = makeProject()
  const cache = folderCache(new Map())
  const first = await runAndWrite(root, {}, portsOf(root, [], { cache }))
  execFileSync('rm', ['-r', join(root, '.headgate')])
  const second = await runAndWrite(root, {}, portsOf(root, [], { cache }))
  expect(second.document.cache.hit).toBe(true)
  expect(second.document.artifacts).toEqual(first.document.artifacts)
  expect(readdirSync(join(root, '.headgate/m')).sort()).toEqual(['output', 'training.json'])
})

test.each([
  ['another model', (folder: string) => writeFileSync(join(folder, 'output/model/model.json'), '{"other":1}')],
  ['a file more', (folder: string) => writeFileSync(join(folder, 'output/model/more.json'), '{}')],
  ['no predictions', (folder: string) => rmSync(join(folder, 'output/predictions.csv'))],
])('what comes back from the cache with %s is not taken', async (_, tamper) => {
  const root = makeProject()
  const saved = new Map<string, string>()
  const cache = folderCache(saved)
  const first = await runAndWrite(root, {}, portsOf(root, [], { cache }))
  for (const folder of saved.values()) tamper(folder)
  rmSync(join(root, '.headgate'), { recursive: true })
  const lines: string[] = []
  const second = await runAndWrite(root, {}, portsOf(root, lines, { cache }))
  expect(lines).toContain('The cache was not used: the output is no longer what the earlier training left.')
  expect(second.document.cache.hit).toBe(false)
  expect(second.document.artifacts).toEqual(first.document.artifacts)
})

test('a cache whose document is of other inputs than its key says is not taken', async () => {
  const root = makeProject()
  const saved = new Map<string, string>()
  const cache = folderCache(saved)
  await runAndWrite(root, {}, portsOf(root, [], { cache }))
  for (const folder of saved.values()) {
    const path = join(folder, 'training.json')
    const kept = JSON.parse(readFileSync(path, 'utf8'))
    kept.training.run.params = { seed: 8 }
    writeFileSync(path, JSON.stringify(kept))
  }
  rmSync(join(root, '.headgate'), { recursive: true })
  const lines: string[] = []
  const { document } = await runAndWrite(root, {}, portsOf(root, lines, { cache }))
  expect(lines.join('\n')).toMatch(/The cache was not used: changed since run \S+: the parameters \(seed\)\./)
  expect(document.cache.hit).toBe(false)
})

test('each part of the key is told when it changes', async () => {
  const root = makeProject()
  const outputs: string[] = []
  const image = { image: async () => 'python@sha256:1' }
  const pin = (version: string): Record<string, unknown> => {
    writeFileSync(join(root, 'requirements.txt'), `scikit-learn==${version}\n`)
    return {}
  }
  const steps: readonly [string, () => Record<string, unknown>, Partial<Ports>?][] = [
    ['the test data (data/b.csv)', () => ({ data: 'data/a.csv', testData: 'data/b.csv', code: 'train.cjs' })],
    ['the command', () => ({ run: [process.execPath, '--no-warnings', 'train.cjs'] })],
    ['the lock of the environment', () => pin('1.6.0')],
    ['the image', () => ({}), { executor: { ...portsOf(root).executor, ...image } }],
  ]
  let settings: Record<string, unknown> = { data: 'data/a.csv', testData: 'data/a.csv', code: 'train.cjs' }
  await runAndWrite(root, settings)
  for (const [, change, ports] of steps) {
    settings = { ...settings, ...change() }
    const { document } = await runAndWrite(root, settings, portsOf(root, [], ports))
    outputs.push(document.cache.reason.replace(/^changed since run \S+: /, ''))
  }
  expect(outputs).toEqual(steps.map(([part]) => `${part}.`))
})
