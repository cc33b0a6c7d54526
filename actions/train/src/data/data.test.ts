import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OutsideError, UserError } from '@headgate/core'
import { startWeb, type WebTwin } from '@headgate/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeProject, portsOf, settingsOf } from '../../test/project.ts'
import type { Executor } from '../executors/port.ts'
import { dataPlaceOf } from '../plan.ts'
import type { Ports } from '../ports.ts'
import { run } from '../run.ts'
import { secretsIn } from './credentials.ts'
import { readData } from './read.ts'

/** Leaves what it read of its data as its model. */
const reader = `
const { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } = require('node:fs')
const output = process.env.HEADGATE_OUTPUT
const read = (path) => statSync(path).isDirectory() ? readdirSync(path).sort().map((name) => [name, read(path + '/' + name)]) : readFileSync(path, 'utf8')
mkdirSync(output + '/model')
writeFileSync(output + '/model/read.json', JSON.stringify(process.env.HEADGATE_DATA.split('\\n').map(read)))
writeFileSync(output + '/predictions.csv', 'id,score\\n1,0.5\\n')
`
const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`
let web: WebTwin
let root: string
let lines: string[]

beforeEach(async () => {
  web = await startWeb()
  root = makeProject()
  writeFileSync(join(root, 'train.cjs'), reader)
  lines = []
})
afterEach(() => web.close())

function train(more: Record<string, unknown>, ports: Partial<Ports> = {}): ReturnType<typeof run> {
  return run(settingsOf(root, more), { ...portsOf(root, lines), ...ports })
}

function whatWasRead(): unknown {
  return JSON.parse(readFileSync(join(root, '.headgate/m/output/model/read.json'), 'utf8'))
}

test('an address of the web is read as a file, and told by its ETag and its content', async () => {
  web.files.set('/flights.csv', { content: Buffer.from('id\n1\n'), etag: '"v1"' })
  const { body, inputs } = await train({ data: `${web.origin}/flights.csv?token=s3cr3t` })
  expect(whatWasRead()).toEqual(['id\n1\n'])
  const shown = { path: `${web.origin}/flights.csv`, digest: 'etag:"v1"' }
  expect(inputs).toEqual([shown])
  expect(body.data).toEqual([{ ...shown, weak: true, content: sha256('id\n1\n') }])
  expect(JSON.stringify([body, lines])).not.toContain('s3cr3t')
})

test('a name with a line break is refused, since HEADGATE_DATA would name other files by it', async () => {
  writeFileSync(join(root, 'data', 'c.csv\nd.csv'), 'id\n1\n')
  await expect(train({ data: 'data/*.csv' })).rejects.toThrow(
    /^`data`: "data\/c\.csv\\nd\.csv" has a line break in its name/,
  )
  expect(existsSync(join(root, '.headgate'))).toBe(false)
})

test('what was downloaded is found again, and downloaded again once it is no longer what it was', async () => {
  web.files.set('/flights.csv', { content: Buffer.from('id\n1\n'), etag: '"v1"' })
  const ports = portsOf(root)
  const again = (seed: number) => run(settingsOf(root, { data: `${web.origin}/flights.csv`, param: { seed } }), ports)
  const gets = () => web.calls.filter(({ method }) => method === 'GET').length
  await again(1)
  await again(2)
  expect(gets()).toBe(1)
  const [entry = ''] = readdirSync(ports.downloads).filter((name) => !name.endsWith('.json'))
  const kept = join(ports.downloads, entry, 'flights.csv')
  expect(statSync(kept).mode & 0o222).toBe(0)
  rmSync(kept)
  writeFileSync(kept, 'id\n9\n')
  await again(3)
  expect(gets()).toBe(2)
  expect(whatWasRead()).toEqual(['id\n1\n'])
})

test('nothing is downloaded for a training that is not done again; a new ETag is told as the change', async () => {
  web.files.set('/flights.csv', { content: Buffer.from('id\n1\n'), etag: '"v1"' })
  const data = `${web.origin}/flights.csv`
  const first = await train({ data })
  const header = { schema: 'headgate/training@1', model: 'm', commit: '', createdAt: new Date().toISOString() }
  const rest = { tool: 'headgate 0', runner: { kind: 'local', event: 'push', os: 'linux' }, durationMs: 0 }
  const { body, exitCode: _, ...findings } = first
  writeFileSync(join(root, '.headgate/m/training.json'), JSON.stringify({ ...header, ...findings, ...body, ...rest }))
  const calls = web.calls.length
  expect((await train({ data })).body.cache.hit).toBe(true)
  expect(web.calls.slice(calls).map(({ method }) => method)).toEqual(['HEAD'])
  web.files.set('/flights.csv', { content: Buffer.from('id\n2\n'), etag: '"v2"' })
  expect((await train({ data })).body.cache).toMatchObject({
    hit: false,
    reason: expect.stringContaining(`: the data (${data})`),
  })
})

test('addresses that differ in their query are two files, those that differ in their signature one', async () => {
  web.files.set('/export', { content: Buffer.from('a'), etag: '"1"' })
  const at = (query: string) => `${web.origin}/export?${query}`
  await train({ data: [at('table=a&sig=1'), at('table=a&sig=2')] })
  expect(whatWasRead()).toEqual(['a'])
  web.faults = [
    {
      method: 'GET',
      path: /table=b/,
      meanwhile: () => web.files.set('/export', { content: Buffer.from('b'), etag: '"1"' }),
    },
  ]
  await train({ data: [at('table=a&sig=3'), at('table=b&sig=3')] })
  expect(whatWasRead()).toEqual(['a', 'b'])
})

test('where a server tells no ETag, the digest is of the content', async () => {
  web.files.set('/flights.csv', { content: Buffer.from('id\n1\n'), etag: null })
  const { body } = await train({ data: `${web.origin}/flights.csv` })
  expect(body.data).toEqual([{ path: `${web.origin}/flights.csv`, digest: sha256('id\n1\n') }])
  expect(whatWasRead()).toEqual(['id\n1\n'])
})

test('more than `fetch-limit` is refused before anything is downloaded, and names who reads it by itself', async () => {
  for (const name of ['a', 'b']) web.files.set(`/${name}.csv`, { content: Buffer.alloc(600) })
  const data = [`${web.origin}/a.csv`, `${web.origin}/b.csv`]
  const refused = train({ data, fetchLimit: '1KB' })
  await expect(refused).rejects.toThrow(
    /fetch-limit`, which is 1 KB\. Not here are 1\.2 KB.*kubernetes`, `ray` or `spark`/,
  )
  await expect(refused).rejects.toThrow(UserError)
  expect(web.calls.every(({ method }) => method === 'HEAD')).toBe(true)
})

test.each([{}, { etag: null }])('a length that nobody tells is cut off at `fetch-limit` (%o)', async (file) => {
  web.tellsLength = false
  web.files.set('/a.csv', { content: Buffer.alloc(5_000_000), ...file })
  const ports = portsOf(root)
  const refused = run(settingsOf(root, { data: `${web.origin}/a.csv`, fetchLimit: '100KB' }), ports)
  await expect(refused).rejects.toThrow(/fetch-limit`, which is 100 KB/)
  expect(readdirSync(ports.downloads)).toEqual([])
})

test('an object of S3 is told by its version, which is the one that is read', async () => {
  web.keys = { id: 'AKIA', secret: 's3cr3t-key', region: 'us-east-1' }
  web.files.set('/data/train.csv', { content: Buffer.from('id\n1\n'), version: 'v7' })
  const environment = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 's3cr3t-key', AWS_ENDPOINT_URL: web.origin }
  const { body } = await train({ data: 's3://data/train.csv' }, { environment })
  expect(body.data).toEqual([{ path: 's3://data/train.csv', digest: 's3-version:v7', content: sha256('id\n1\n') }])
  expect(whatWasRead()).toEqual(['id\n1\n'])
})

test('a prefix of S3 is read as a folder, and another object in it is another state', async () => {
  const environment = { AWS_ENDPOINT_URL: web.origin }
  for (const name of ['a.csv', 'b/c.csv']) web.files.set(`/data/train/${name}`, { content: Buffer.from(name) })
  const first = await train({ data: 's3://data/train/' }, { environment })
  expect(whatWasRead()).toEqual([
    [
      ['a.csv', 'a.csv'],
      ['b', [['c.csv', 'b/c.csv']]],
    ],
  ])
  expect(first.body.data[0]).toMatchObject({ path: 's3://data/train/', weak: true })
  web.files.set('/data/train/d.csv', { content: Buffer.from('d') })
  const second = await train({ data: 's3://data/train/' }, { environment })
  expect(second.body.data[0]?.digest).not.toBe(first.body.data[0]?.digest)
})

test('where one object of a prefix is refused, the others end with it, and nothing is left', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    web.files.set(`/data/train/${name}`, { content: Buffer.alloc(20_000_000) })
  web.faults = [{ path: /train\/b/, status: 403 }]
  const ports = portsOf(root, [], { environment: { AWS_ENDPOINT_URL: web.origin } })
  await expect(run(settingsOf(root, { data: 's3://data/train/' }), ports)).rejects.toThrow(
    's3://data/train/b may not be read (403)',
  )
  expect(readdirSync(ports.downloads)).toEqual([])
  expect(web.calls.map(({ path }) => path).filter((path) => path.endsWith('/e'))).toEqual([])
})

test('a key that leads out of its folder is refused', async () => {
  web.files.set('/data/train/../../x.csv', { content: Buffer.from('x') })
  await expect(train({ data: 's3://data/train/' }, { environment: { AWS_ENDPOINT_URL: web.origin } })).rejects.toThrow(
    'leads outside of its folder',
  )
})

/** An executor elsewhere: what it is given of the data is kept. */
function elsewhere(given: string[]): Executor {
  const { executor } = portsOf(root)
  return {
    ...executor,
    name: 'kubernetes',
    reads: 'urls',
    submit: async (spec) => {
      given.push(...spec.data.map(({ location }) => location))
      throw new UserError({ what: 'far away' })
    },
  }
}

test('an executor that reads URLs gets them as they are, and nothing is downloaded', async () => {
  web.files.set('/flights.csv', { content: Buffer.alloc(100) })
  web.files.set('/data/a.csv', { content: Buffer.alloc(100), version: '1' })
  const given: string[] = []
  const data = [`${web.origin}/flights.csv?year=2013`, 's3://data/a.csv', 'data/a.csv']
  const environment = { AWS_ENDPOINT_URL: web.origin }
  await train({ data, fetchLimit: '1B' }, { executor: elsewhere(given), environment })
  expect(given).toEqual([data[0], data[1], join(root, 'data/a.csv')])
  expect(web.calls.every(({ method }) => method === 'HEAD')).toBe(true)
})

test('an address with credentials is not handed to an executor that would show it', async () => {
  const data = [`${web.origin}/a.csv?X-Amz-Signature=s3cr3t`, web.origin.replace('//', '//ada:s3cr3t@')]
  const error = await train({ data }, { executor: elsewhere([]) }).catch((thrown: unknown) => thrown)
  expect((error as Error).message).toMatch(/a\.csv is given with credentials[\s\S]*is given with credentials/)
  expect((error as Error).message).not.toContain('s3cr3t')
})

test('a server that is not there is exit 3, unless there are mistakes to mend first', async () => {
  await web.close()
  const data = `${web.origin}/a.csv`
  const place = { ...dataPlaceOf(settingsOf(root), portsOf(root)), firstDelayMs: 1 }
  await expect(readData([data], place)).rejects.toThrow(OutsideError)
  await expect(readData([data, 'none.csv'], place)).rejects.toThrow(UserError)
  web = await startWeb()
})

test('a pointer of Git LFS has the digest of its content, alone and in a folder', async () => {
  const plan = () => run({ ...settingsOf(root, { data: ['data/a.csv', 'data'] }), dryRun: true }, portsOf(root))
  const plain = await plan()
  const text = readFileSync(join(root, 'data/a.csv'), 'utf8')
  const oid = sha256(text).slice('sha256:'.length)
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${text.length}\n`
  writeFileSync(join(root, 'data/a.csv'), pointer)
  expect((await plan()).inputs).toEqual(plain.inputs)
})

test('what is secret in addresses is known, and what is not stays to be read', () => {
  const entries = [
    'https://ada:p%40ss-w0rd@host/a?year=2013&X-Amz-Signature=s1gn%2Fed',
    'https://host/b?table=flights',
    'c.csv',
  ]
  const secrets = secretsIn(entries)
  expect(secrets).toEqual(expect.arrayContaining(['p%40ss-w0rd', 'p@ss-w0rd', 's1gn/ed']))
  expect(secrets.join(' ')).not.toMatch(/flights|c\.csv/)
})

const dvcFile = 'outs:\n- md5: bc9280dfc1d4e67233f138f5bbbf0951\n  size: 5\n  hash: md5\n  path: train.csv\n'

/** Data that DVC tracks and that is not here: the MD5 is that of `id\n1\n`. */
function track(): void {
  mkdirSync(join(root, 'tracked'))
  writeFileSync(join(root, 'tracked/train.csv.dvc'), dvcFile)
  execFileSync('git', ['add', '.'], { cwd: root })
}

test.each(['tracked/train.csv.dvc', 'tracked/train.csv', 'tracked/*.csv'])(
  'what DVC tracks is known as %s by its MD5, whether it is here or not, and its `.dvc` file is no code',
  async (data) => {
    track()
    const plan = () => run({ ...settingsOf(root, { data }), dryRun: true }, portsOf(root))
    const absent = await plan()
    expect(absent.inputs).toEqual([{ path: 'tracked/train.csv', digest: 'dvc-md5:bc9280dfc1d4e67233f138f5bbbf0951' }])
    writeFileSync(join(root, 'tracked/train.csv'), 'id\n1\n')
    expect((await plan()).body.key).toBe(absent.body.key)
    writeFileSync(join(root, 'tracked/train.csv.dvc'), `${dvcFile}desc: flights\n`)
    expect((await plan()).body.code.digest).toBe(absent.body.code.digest)
  },
)

test('what is here and is not what a `.dvc` file records is not trained on under its name', async () => {
  track()
  writeFileSync(join(root, 'tracked/train.csv'), 'id\n2\n')
  await expect(train({ data: 'tracked/train.csv.dvc' })).rejects.toThrow(
    /is not what tracked\/train\.csv\.dvc records.*dvc checkout/,
  )
})

test('what DVC would have to bring is held to `fetch-limit`, and a missing dvc is told', async () => {
  track()
  await expect(train({ data: 'tracked/train.csv.dvc', fetchLimit: '4B' })).rejects.toThrow(/Not here are 5 bytes/)
  await expect(train({ data: 'tracked/train.csv.dvc' })).rejects.toThrow(/no command `dvc`/)
  expect(existsSync(join(root, 'tracked/train.csv'))).toBe(false)
})

test('a file within a folder that DVC tracks is told with the folder’s name', async () => {
  writeFileSync(join(root, 'raw.dvc'), 'outs:\n- md5: 4d55631175ee2f9579c6cf28f1a62a8b.dir\n  path: raw\n')
  await expect(train({ data: 'raw/*.csv' })).rejects.toThrow(/nothing at raw\/\*\.csv.*name raw\./)
})

test('a pipeline of DVC is run by a process only', async () => {
  await expect(train({ run: 'dvc repro --pull' }, { executor: elsewhere([]) })).rejects.toThrow('`executor: process`')
})
