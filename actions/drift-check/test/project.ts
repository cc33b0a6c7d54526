// A project with its tables, a ledger in its own clone, and the ports of a drift check.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context, Document } from '@headgate/core'
import { commonSettings, documentSchema, schemaName, strictJson } from '@headgate/core'
import { openLedger } from '@headgate/ledger'
import { renderMarkdown } from '@headgate/reports'
import type { Engine } from '@headgate/tables'
import { buildProfile, findSource, openEngine, openTable } from '@headgate/tables'
import { lineLog } from '@headgate/testkit'
import { afterEach, expect } from 'vitest'
import { type Ports, run, stage } from '../src/index.ts'

/** What is ended after each test. */
export const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

type Columns = Readonly<Record<string, readonly unknown[]>>

export function csv(columns: Columns): string {
  const names = Object.keys(columns)
  const rows = Math.max(...Object.values(columns).map((values) => values.length))
  const lines = Array.from({ length: rows }, (_, row) => names.map((name) => columns[name]?.[row] ?? '').join(','))
  return `${[names.join(','), ...lines].join('\n')}\n`
}

export function makeProject(files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'drift-check-'))
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text)
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, stdio: 'ignore' })
  git('init', '-q')
  git('-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', 'commit', '-q', '--allow-empty', '-m', 'begin')
  return root
}

const wholeSettings = commonSettings.extend(stage.settings.shape)

export function settingsOf(root: string, given: Record<string, unknown>): Parameters<typeof run>[0] {
  const whole = { reference: 'reference.csv', current: 'current.csv', model: 'm', ...given }
  return { ...wholeSettings.parse(whole), model: 'm', failOn: 'never', workFolder: join(root, '.headgate/m') }
}

export const context: Context = {
  runner: 'local',
  event: 'schedule',
  commit: '',
  branch: 'main',
  defaultBranch: 'main',
  actor: 'Ada',
  ephemeral: false,
}

export async function portsOf(root: string, more: Partial<Ports> = {}): Promise<Ports> {
  let engine: Promise<Engine> | undefined
  const open = { tools: join(root, 'tools'), temporary: tmpdir() }
  ends.push(async () => (await engine)?.close())
  const silent = (): void => {}
  const log = lineLog(silent)
  const now = more.now ?? (() => new Date('2026-02-01T00:00:00Z'))
  return {
    workspace: root,
    engine: () => {
      engine ??= openEngine('auto', open)
      return engine
    },
    champion: () => Promise.reject(new Error('no champion')),
    ledger: await openLedger({
      directory: root,
      ref: 'refs/headgate/ledger',
      remote: 'origin',
      now,
      keptHeads: async () => [],
    }),
    forge: undefined,
    context,
    log,
    signal: new AbortController().signal,
    now,
    ...more,
  }
}

/** What the runner makes of findings: a strict document, and a report that can be rendered. */
export async function check(
  root: string,
  given: Record<string, unknown> = {},
  more: Partial<Ports> = {},
): Promise<Document<'drift'>> {
  const { body, exitCode: _, ...findings } = await run(settingsOf(root, given), await portsOf(root, more))
  const header = {
    schema: schemaName('drift'),
    model: 'm',
    commit: '',
    createdAt: '2026-02-01T00:00:00.000Z',
    tool: 'headgate 0',
    runner: { kind: 'local' as const, event: 'schedule', os: 'linux' },
    durationMs: 0,
  }
  const document = documentSchema('drift').parse({ ...header, ...findings, ...body })
  strictJson(document)
  expect(renderMarkdown([stage.report(document)], { title: 'm', footer: '' }).text).toContain('What was compared')
  return document
}

export const range = (rows: number, value: (i: number) => unknown): unknown[] =>
  Array.from({ length: rows }, (_, i) => value(i))
export const words = (counts: Readonly<Record<string, number>>): string[] =>
  Object.entries(counts).flatMap(([word, count]) => Array.from({ length: count }, () => word))
export const column = (document: Document<'drift'>, name: string) => document.columns.find((one) => one.column === name)
/** The profile of a source, as `validate-data` leaves it. */
export async function writeProfile(root: string, source: string): Promise<void> {
  const engine = await (await portsOf(root)).engine()
  const profile = await buildProfile(await openTable(engine, await findSource(source, root)))
  const run = { model: 'm', commit: '', createdAt: '2026-01-01T00:00:00.000Z', tool: 'headgate 0', durationMs: 0 }
  const header = { ...run, summary: '', inputs: [], runner: { kind: 'local' as const, event: 'push', os: 'linux' } }
  writeFileSync(join(root, 'profile.json'), strictJson({ schema: schemaName('profile'), ...header, ...profile }))
}

/** Three windows of a day each, all far from the reference. */
export function makeWindows(): string {
  const root = makeProject({ 'reference.csv': csv({ x: range(100, (i) => i) }) })
  for (const day of [1, 2, 3]) {
    const time = range(100, (i) => `2026-01-0${day} ${String(i % 24).padStart(2, '0')}:00:00`)
    writeFileSync(join(root, `day-${day}.csv`), csv({ x: range(100, (i) => i + 500 + day), t: time }))
  }
  return root
}
