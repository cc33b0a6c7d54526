import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commonSettings, digestOfTree, schemaName, strictJson } from '@headgate/core'
import { digestFile } from '@headgate/files'
import { openRegistry } from '@headgate/registries'
import type { Runner } from '@headgate/runners'
import { openStore } from '@headgate/stores'
import { expect, test } from 'vitest'
import { readChampion } from './champion.ts'
import { stage } from './index.ts'

function makeClone(): string {
  const root = mkdtempSync(join(tmpdir(), 'champion-'))
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, stdio: 'ignore' })
  git('init', '-q')
  git('config', 'user.name', 'Ada')
  git('config', 'user.email', 'ada@localhost')
  git('commit', '-q', '--allow-empty', '-m', 'begin')
  return root
}

const now = () => new Date('2026-01-01T00:00:00Z')

async function read(root: string): ReturnType<typeof readChampion> {
  const settings = commonSettings.extend(stage.settings.shape).parse({ current: 'x.csv', store: 'directory:../store' })
  const runner = {
    workspace: root,
    context: { ephemeral: false },
    temporary: join(root, 'temporary'),
    now,
  } as unknown as Runner
  mkdirSync(join(root, 'temporary'), { recursive: true })
  const common = { model: 'm', workFolder: join(root, '.headgate/m'), failOn: 'never' as const }
  return readChampion({ ...settings, ...common }, runner, {
    forge: undefined,
    registry: () => openRegistry('git', { directory: root, now }),
  })
}

/** Registers a model with what is kept beside it, and makes it the champion. */
async function register(root: string, attached: readonly string[]): Promise<void> {
  const sourceOf = async (path: string) => {
    const source = join(root, path)
    return { path, source, ...(await digestFile(source)) }
  }
  const recorded = ({ path, digest, bytes }: Awaited<ReturnType<typeof sourceOf>>) => ({ path, digest, bytes })
  writeFileSync(join(root, 'weights'), attached.join())
  const [files, attachments] = [[await sourceOf('weights')], await Promise.all(attached.map(sourceOf))]
  const store = await openStore('directory:../store', { workspace: root, ephemeral: false })
  const digest = digestOfTree(files)
  await store.put({ name: 'm', digest }, [...files, ...attachments])
  const registry = await openRegistry('git', { directory: root, now })
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim()
  const nothing = { training: null, data: [], environment: null, evaluation: null, validation: null, imported: true }
  const { model } = await registry.register({
    name: 'm',
    bump: 'minor',
    commit,
    digest,
    files: files.map(recorded),
    attachments: attachments.map(recorded),
    lineage: { commit, ...nothing },
    store: { kind: store.kind, location: store.location },
    signature: null,
  })
  await registry.promote({ name: 'm', version: model.version, alias: 'champion', reason: 'test' })
}

test('the champion’s profile is found where it was kept with its version', async () => {
  const root = makeClone()
  const profile = {
    schema: schemaName('profile'),
    summary: '',
    model: 'm',
    commit: '',
    createdAt: '2026-01-01T00:00:00.000Z',
    tool: 'headgate 0',
    runner: { kind: 'local', event: 'push', os: 'linux' },
    inputs: [],
    durationMs: 0,
    data: { source: 'train.csv', rows: 7, columns: 0, digest: `sha256:${'0'.repeat(64)}` },
    columns: [],
  }
  writeFileSync(join(root, 'profile.json'), strictJson(profile))
  await register(root, ['profile.json'])
  expect(await read(root)).toMatchObject({ version: '0.1.0', profile: { data: { source: 'train.csv', rows: 7 } } })
  expect(readdirSync(join(root, 'temporary'))).toEqual([])
})

test('without a champion, or without its profile, it is told what to give instead', async () => {
  const root = makeClone()
  await expect(read(root)).rejects.toThrow('m has no champion to compare with. Give `reference` as data')
  await register(root, [])
  await expect(read(root)).rejects.toThrow('no profile is kept with m 0.1.0, the champion.')
})
