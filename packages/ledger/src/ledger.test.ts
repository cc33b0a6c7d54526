import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { OutsideError, UserError } from '@headgate/core'
import { expect, test } from 'vitest'
import type { LedgerOptions, NewEntry } from './index.ts'
import { type Ledger, ledgerReport, openLedger } from './index.ts'

const ref = 'refs/headgate/ledger'
const model = 'flights/delays'
const source = { commit: null, actor: 'ada' }
const sha = `sha256:${'a'.repeat(64)}`

const real = (cwd: string, ...args: string[]) =>
  execFileSync('git', args, { cwd, encoding: 'utf8', stdio: 'pipe' }).trim()
const claim = (key: string): NewEntry => ({ ...source, kind: 'claim', key, until: '2026-01-01T01:00:00.000Z' })

async function bareRemote() {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-'))
  const remote = join(folder, 'remote.git')
  real(folder, 'init', '-q', '--bare', '-b', 'main', remote)
  const clones = { count: 0 }
  const clone = () => {
    clones.count += 1
    const directory = join(folder, `clone-${clones.count}`)
    real(folder, 'init', '-q', '-b', 'main', directory)
    real(directory, 'remote', 'add', 'origin', remote)
    return directory
  }
  return { folder, remote, clone }
}

const now = () => new Date('2026-01-01T00:00:00Z')
const open = (directory: string, keptHeads: LedgerOptions['keptHeads'] = async () => []) =>
  openLedger({ directory, ref, remote: 'origin', now, keptHeads })

test('an absent ledger is empty, an unreachable one is an error', async () => {
  const { remote, clone } = await bareRemote()
  const ledger = await open(clone())
  expect(await ledger.read(model)).toEqual({ head: null, entries: [] })
  await rename(remote, `${remote}.gone`)
  await expect(ledger.read(model)).rejects.toThrow(OutsideError)
})

test('entries are read back from another clone, by month and model, and nothing else is touched', async () => {
  const { remote, clone } = await bareRemote()
  const directory = clone()
  const ledger = await open(directory)
  await ledger.append(model, [claim('a'), { ...claim('b'), at: '2026-02-03T00:00:00.000Z' }])
  await ledger.append('flights', [claim('other')])
  const { entries } = await (await open(clone())).read(model)
  expect(entries.map((entry) => [entry.kind, entry.model, entry.at.slice(0, 7)])).toEqual([
    ['claim', model, '2026-01'],
    ['claim', model, '2026-02'],
  ])
  expect(real(remote, 'ls-tree', '-r', '--name-only', ref).split('\n')).toEqual([
    'flights/2026-01.ndjson',
    'flights/delays/2026-01.ndjson',
    'flights/delays/2026-02.ndjson',
  ])
  expect(real(remote, 'rev-list', '--count', ref)).toBe('2')
  expect(real(directory, 'status', '--porcelain')).toBe('')
})

test('a ledger that stands in a variable which is not set is an error only where it is opened', async () => {
  const options = { directory: '/w', remote: 'origin', now, keptHeads: async () => [] }
  await expect(openLedger({ ...options, ref: 'refs/${env:REF}' })).rejects.toThrow(/`ledger`: \$\{env:REF\} is not set/)
})

test('without a remote the ledger is a ref of the clone', async () => {
  const { clone } = await bareRemote()
  const directory = clone()
  real(directory, 'remote', 'remove', 'origin')
  await (await open(directory)).append(model, [claim('a')])
  expect((await (await open(directory)).read(model)).entries).toHaveLength(1)
  expect(real(directory, 'fsck', '--strict')).not.toMatch(/error|missing/)
})

test('20 writers from 20 clones all land', async () => {
  const { remote, clone } = await bareRemote()
  const writers = Array.from({ length: 20 }, (_, index) => ({ directory: clone(), key: `key-${index}` }))
  await Promise.all(writers.map(async ({ directory, key }) => (await open(directory)).append(model, [claim(key)])))
  const { entries } = await (await open(clone())).read(model)
  const keys = entries.map((entry) => (entry.kind === 'claim' ? entry.key : ''))
  expect(keys.sort()).toEqual(writers.map(({ key }) => key).sort())
  expect(real(remote, 'rev-list', '--count', ref)).toBe('20')
  expect(real(remote, 'fsck', '--strict')).not.toMatch(/error|missing/)
}, 120_000)

test('of many that want one lease, one gets it, because each decides again on what the others wrote', async () => {
  const { clone } = await bareRemote()
  const won = await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      const ledger = await open(clone())
      let isMine = false
      await ledger.update(model, (entries) => {
        isMine = !entries.some(({ kind }) => kind === 'claim')
        return isMine ? [claim(`run-${index}`)] : []
      })
      return isMine
    }),
  )
  expect(won.filter(Boolean)).toHaveLength(1)
})

test('an entry whose id is there is not written again', async () => {
  const { remote, clone } = await bareRemote()
  const ledger = await open(clone())
  const entry = { ...claim('a'), id: 'claim-a' }
  await ledger.append(model, [entry, entry])
  await ledger.append(model, [entry])
  expect((await ledger.read(model)).entries).toHaveLength(1)
  expect(real(remote, 'rev-list', '--count', ref)).toBe('1')
})

test('an entry over 4 KB is refused, and nothing is written', async () => {
  const { clone } = await bareRemote()
  const ledger = await open(clone())
  await expect(ledger.append(model, [claim('x'.repeat(5000))])).rejects.toThrow(UserError)
  expect((await ledger.read(model)).head).toBeNull()
})

/** Puts a ledger file into the remote as another program would. */
function pushFile(directory: string, content: string, parent?: string) {
  const blob = execFileSync('git', ['hash-object', '-w', '--stdin'], { cwd: directory, input: content })
    .toString()
    .trim()
  const tree = (input: string) => execFileSync('git', ['mktree'], { cwd: directory, input }).toString().trim()
  const month = tree(`100644 blob ${blob}\t2026-01.ndjson\n`)
  const top = tree(`040000 tree ${tree(`040000 tree ${month}\tdelays\n`)}\tflights\n`)
  const who = ['-c', 'user.name=M', '-c', 'user.email=m@x']
  const head = real(directory, ...who, 'commit-tree', top, ...(parent ? ['-p', parent] : []), '-m', 'Foreign')
  real(directory, 'push', '-q', '--force', 'origin', `${head}:${ref}`)
  return head
}

test('unknown kinds are kept and skipped, damaged lines are an error with their place', async () => {
  const { remote, clone } = await bareRemote()
  const foreign = '{"kind":"prophecy","of":"doom"}\n'
  const head = pushFile(clone(), foreign)
  const ledger = await open(clone())
  const view = await ledger.append(model, [claim('a')])
  expect(view.entries.map(({ kind }) => kind)).toEqual(['claim'])
  expect(real(remote, 'show', `${ref}:flights/delays/2026-01.ndjson`)).toContain(foreign.trim())
  const other = clone()
  real(other, 'fetch', '-q', 'origin', ref)
  pushFile(other, `${foreign}{"kind":"claim"}\n`, head)
  await expect((await open(clone())).read(model)).rejects.toThrow(/2026-01\.ndjson:2: is no ledger entry/)
})

test('a history that was rewritten is noticed by who has seen it, and by a head that was kept elsewhere', async () => {
  const { clone } = await bareRemote()
  const ledger = await open(clone())
  const { head } = await ledger.append(model, [claim('a')])
  pushFile(clone(), '')
  await expect(ledger.read(model)).rejects.toThrow(/history was rewritten: [0-9a-f]{40} was its head/)
  await expect(ledger.append(model, [claim('b')])).rejects.toThrow(OutsideError)
  expect((await (await open(clone())).read(model)).entries).toEqual([])
  const kept = async () => [{ head: head ?? '', keptIn: 'm#champion#1' }]
  for (const use of [(one: Ledger) => one.read(model), (one: Ledger) => one.append(model, [claim('b')])]) {
    const stranger = await open(clone(), kept)
    await expect(use(stranger)).rejects.toThrow(`${head} was its head once (m#champion#1 says so)`)
  }
})

test('heads that were kept elsewhere are asked for once for each model', async () => {
  const { clone } = await bareRemote()
  const { head } = await (await open(clone())).append(model, [claim('a')])
  const asked: string[] = []
  const ledger = await open(clone(), async (name) => {
    asked.push(name)
    return [{ head: head ?? '', keptIn: `${name}#champion#1` }]
  })
  await ledger.read(model)
  await ledger.append(model, [claim('b')])
  await ledger.read('flights')
  await ledger.read(model)
  expect(asked).toEqual([model, 'flights'])
})

test('a head that is appended and kept while another reads is no sign of a rewritten history', async () => {
  const { clone } = await bareRemote()
  const other = await open(clone())
  await other.append(model, [claim('a')])
  const ledger = await open(clone(), async () => {
    const { head } = await other.append(model, [claim('b')])
    return [{ head: head ?? '', keptIn: 'm#champion#1' }]
  })
  expect((await ledger.read(model)).entries).toHaveLength(2)
})

test('a ledger that was deleted is noticed too', async () => {
  const { remote, clone } = await bareRemote()
  const ledger = await open(clone())
  await ledger.append(model, [claim('a')])
  real(remote, 'update-ref', '-d', ref)
  await expect(ledger.read(model)).rejects.toThrow(/rewritten/)
})

test('a shallow clone appends with one commit at hand, and verifies older heads by fetching more', async () => {
  const { folder, remote, clone } = await bareRemote()
  const first = clone()
  await writeFile(join(first, 'a'), 'a')
  real(first, 'add', '.')
  for (const message of ['One', 'Two'])
    real(first, '-c', 'user.name=T', '-c', 'user.email=t@x', 'commit', '-qm', message, '--allow-empty')
  real(first, 'push', '-q', 'origin', 'main')
  const ledger = await open(first)
  const { head } = await ledger.append(model, [claim('a')])
  await ledger.append(model, [claim('b')])
  const shallow = join(folder, 'shallow')
  real(folder, 'clone', '-q', '--depth=1', `file://${remote}`, shallow)
  const there = await open(shallow)
  const view = await there.append(model, [claim('c')])
  expect(view.entries).toHaveLength(3)
  expect(real(shallow, 'rev-list', '--count', view.head ?? '')).toBe('2')
  const verifying = await open(shallow, async () => [{ head: head ?? '', keptIn: 'm#champion#1' }])
  expect((await verifying.read(model)).head).toBe(view.head)
  expect(real(shallow, 'rev-list', '--count', 'HEAD')).toBe('1')
  await ledger.append(model, [claim('d')])
  expect((await there.read(model)).entries).toHaveLength(4)
  expect(real(first, 'rev-parse', '--is-shallow-repository')).toBe('false')
})

test('a writer killed at any moment leaves a sound ledger, and a second run completes it', async () => {
  const { remote, clone } = await bareRemote()
  const directory = clone()
  const program = `
    const { openLedger } = await import(${JSON.stringify(join(import.meta.dirname, 'index.ts'))})
    const ledger = await openLedger({ directory: ${JSON.stringify(directory)}, ref: ${JSON.stringify(ref)},
      remote: 'origin', now: () => new Date('2026-01-01T00:00:00Z'), keptHeads: async () => [] })
    const entry = { kind: 'claim', id: process.argv[1], key: process.argv[1], until: '2026-01-01T01:00:00.000Z', commit: null, actor: 'x' }
    process.stdout.write('.')
    await ledger.append(${JSON.stringify(model)}, [entry])`
  for (let kill = 0; kill < 10; kill += 1) {
    const args = ['--conditions=source', '--input-type=module', '-e', program, `id-${kill}`]
    const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    const ended = new Promise((resolve) => writer.once('exit', resolve))
    await new Promise((resolve) => writer.stdout.once('data', resolve))
    await setTimeout(Math.random() * 120)
    writer.kill('SIGKILL')
    await ended
    await (await open(directory)).append(model, [{ ...claim(`id-${kill}`), id: `id-${kill}` }])
  }
  const { entries } = await (await open(clone())).read(model)
  expect(entries.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, kill) => `id-${kill}`))
  expect(real(remote, 'fsck', '--strict')).not.toMatch(/error|missing/)
  expect(real(directory, 'fsck', '--strict')).not.toMatch(/error|missing/)
}, 60_000)

test('the report tells what happened, in order', async () => {
  const stamp = { ...source, model, at: '2026-01-01T00:00:00.000Z' }
  const report = ledgerReport(model, [
    { ...stamp, id: '1', kind: 'registration', version: '0.1.0', digest: sha, tag: 't', key: null, verdict: 'pass' },
    {
      ...stamp,
      id: '2',
      kind: 'promotion',
      alias: 'champion',
      version: '0.1.0',
      previous: null,
      digest: sha,
      reason: 'first',
    },
  ])
  expect(report.summary).toBe('2 entries, the last on 2026-01-01: champion moved from nothing to 0.1.0: first.')
  expect(ledgerReport(model, []).sections).toEqual([])
  const decision = { ...stamp, id: '3', kind: 'decision', retrain: false, key: 'k', runUrl: null } as const
  const told = ledgerReport(model, [{ ...decision, reasons: ['One window drifted.'], blockedBy: ['Cooldown.'] }])
  expect(told.summary).toBe('1 entry, the last on 2026-01-01: no retrain: One window drifted; Cooldown.')
})
