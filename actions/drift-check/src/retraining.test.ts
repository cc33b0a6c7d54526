import { OutsideError } from '@headgate/core'
import { type Forge, forgeFor } from '@headgate/forges'
import type { LedgerView } from '@headgate/ledger'
import { type ForgeTwin, startForge } from '@headgate/testkit'
import { expect, test } from 'vitest'
import { check, context, ends, makeWindows, portsOf } from '../test/project.ts'
import { type Ports, stage } from './index.ts'

const dispatching = { timestamp: 't', retrain: 'dispatch', rules: { windows: 2, of: 3 } }

async function readLedger(root: string): Promise<LedgerView | undefined> {
  return (await portsOf(root)).ledger?.read('m')
}

function forgeWith(dispatch: Forge['dispatch']): Ports['forge'] {
  return { dispatch, runState: async () => 'running' }
}

test('two drifted windows start one retraining, however often and by however many they are checked', async () => {
  const root = makeWindows()
  const starts: unknown[][] = []
  const forge = forgeWith(async (...given) => {
    starts.push(given)
    return { id: '7', url: 'https://forge/runs/7' }
  })
  const first = await check(root, { ...dispatching, current: 'day-1.csv' }, { forge })
  expect(first.decision).toMatchObject({ retrain: false, blockedBy: [] })
  expect(first.decision.reasons[0]).toContain('1 of the last 1 windows drifted')
  expect(first.current.window).toEqual({ from: '2026-01-01T00:00:00.000Z', until: '2026-01-01T23:00:00.000Z' })

  const second = { ...dispatching, current: 'day-2.csv' }
  const found = await Promise.all([check(root, second, { forge }), check(root, second, { forge })])
  expect(found.filter(({ decision }) => decision.retrain)).toHaveLength(1)
  expect(found.map(({ decision }) => decision.runUrl).filter(Boolean)).toEqual(['https://forge/runs/7'])
  expect(starts).toEqual([['retrain.yml', 'main', { reason: expect.stringContaining('2 of the last 2 windows') }]])

  const third = await check(root, { ...dispatching, current: 'day-3.csv' }, { forge })
  expect(third.decision.blockedBy.join(' ')).toContain('A retraining is in flight')
  expect(third.history).toHaveLength(3)
  const entries = (await readLedger(root))?.entries ?? []
  expect(entries.filter(({ kind }) => kind === 'window')).toHaveLength(3)
  expect(entries.filter(({ kind }) => kind === 'claim')).toHaveLength(1)
  expect(entries.find(({ id }) => id.startsWith('started-'))).toMatchObject({ run: { id: '7' } })
})

/** The client of GitHub's API, on a forge that counts what it starts. */
async function openTwin(): Promise<{ twin: ForgeTwin; forge: Forge }> {
  const twin = await startForge()
  ends.push(() => twin.close())
  const location = {
    kind: 'github' as const,
    apiUrl: twin.url,
    serverUrl: twin.url,
    repository: 'o/r',
    token: 'secret',
  }
  return { twin, forge: await forgeFor(location, { delays: [1] }) }
}

const second = { ...dispatching, current: 'day-2.csv' }

test.each([
  [
    'refuses',
    [{ status: 422, method: 'POST' }],
    /Started retrain\.yml on main\. The forge did not start it:.*taken back/s,
  ],
  [
    'limits',
    [{ status: 429, method: 'POST', headers: { 'retry-after': '999' } }],
    /The forge answered 429.*taken back/s,
  ],
])('a run that the forge %s is told, and may be started by the next check', async (_, faults, told) => {
  const root = makeWindows()
  const { twin, forge } = await openTwin()
  await check(root, { ...dispatching, current: 'day-1.csv' }, { forge })
  twin.faults = faults
  await expect(check(root, second, { forge })).rejects.toThrow(told)
  twin.faults = []
  expect((await check(root, second, { forge })).decision).toMatchObject({
    retrain: true,
    runUrl: expect.stringMatching(/\/runs\/\d+$/),
  })
  expect(twin.dispatches).toHaveLength(1)
})

test('a run that surely was not asked for may be started by the next check', async () => {
  const root = makeWindows()
  const { twin, forge } = await openTwin()
  const gone = await openTwin()
  await gone.twin.close()
  await check(root, { ...dispatching, current: 'day-1.csv' }, { forge })
  await expect(check(root, second, { forge: gone.forge })).rejects.toThrow(/ECONNREFUSED.*taken back/s)
  expect((await check(root, second, { forge })).decision.retrain).toBe(true)
  expect(twin.dispatches).toHaveLength(1)
})

test('a run of which nobody knows whether it started keeps its claim, and no look starts another', async () => {
  const root = makeWindows()
  const { twin, forge } = await openTwin()
  await check(root, { ...dispatching, current: 'day-1.csv' }, { forge })
  twin.faults = [{ status: 502, method: 'POST' }]
  await expect(check(root, second, { forge })).rejects.toThrow(
    /Whether a run started is not known.*claim.*stands until 2026-02-01T03:00:00\.000Z.*start it by hand/s,
  )
  twin.faults = []
  const again = await check(root, second, { forge })
  const blockedBy = expect.arrayContaining([expect.stringContaining('already started a retraining')])
  expect(again.decision).toMatchObject({ retrain: false, blockedBy })
  expect(twin.dispatches).toHaveLength(0)
  const entries = (await readLedger(root))?.entries ?? []
  expect(entries.filter(({ kind }) => kind === 'outcome')).toEqual([])
})

test('a run that started while the ledger could not be told is told, and not started again', async () => {
  const root = makeWindows()
  const { twin, forge } = await openTwin()
  await check(root, { ...dispatching, current: 'day-1.csv' }, { forge })
  const { ledger, log } = await portsOf(root)
  if (ledger === undefined) throw new Error('no ledger')
  const warnings: string[] = []
  const failing = { tried: 'Pushed.', state: 'The remote hung up.', next: 'Run again.' }
  const found = await check(root, second, {
    forge,
    ledger: { ...ledger, append: () => Promise.reject(new OutsideError(failing)) },
    log: { ...log, warning: (message) => void warnings.push(message) },
  })
  expect(found.decision).toMatchObject({ retrain: true, runUrl: expect.stringMatching(/\/runs\/\d+$/) })
  expect(warnings.join()).toMatch(/Started retrain\.yml.*The remote hung up.*in flight until 2026-02-01T03:00/s)
  expect((await check(root, second, { forge })).decision.retrain).toBe(false)
  expect(twin.dispatches).toHaveLength(1)
  const entries = (await readLedger(root))?.entries ?? []
  expect(entries.filter(({ kind }) => kind === 'outcome')).toEqual([])
})

test('a claim that was taken back says nothing of the next one of the same windows', async () => {
  const root = makeWindows()
  const { twin, forge } = await openTwin()
  const rules = { windows: 1, of: 3, cooldown: '0s', budget: { day: 9, month: 9 } }
  const first = { ...dispatching, rules, current: 'day-1.csv' }
  twin.faults = [{ status: 422, method: 'POST' }]
  await expect(check(root, first, { forge })).rejects.toThrow('taken back')
  twin.faults = []
  expect((await check(root, first, { forge })).decision.retrain).toBe(true)
  const next = await check(root, { ...first, current: 'day-2.csv' }, { forge })
  expect(next.decision.blockedBy).toEqual([expect.stringContaining('A retraining is in flight')])
})

test('a pull request and a dry run only read the ledger', async () => {
  const root = makeWindows()
  const decide = { ...dispatching, retrain: 'decide', rules: { windows: 1, of: 1 }, current: 'day-1.csv' }
  const onPullRequest = { context: { ...context, event: 'pull-request' as const } }
  expect((await check(root, decide, onPullRequest)).decision.retrain).toBe(true)
  expect((await check(root, { ...decide, dryRun: true })).decision.retrain).toBe(true)
  const read = await readLedger(root)
  expect(read).toEqual({ head: null, entries: [] })
  const decided = await check(root, decide)
  expect(decided.decision.retrain).toBe(true)
  expect(stage.outputs.retrain.value(decided)).toBe('true')
  expect((await check(root, decide)).decision).toMatchObject({ retrain: false })
})

test('a run on a forge that cannot start a retraining says so before it claims one', async () => {
  const root = makeWindows()
  const forge = { kind: 'github' as const, apiUrl: '', serverUrl: 'https://forge', repository: 'o/n' }
  const given = { ...dispatching, current: 'day-1.csv' }
  await expect(check(root, given, { context: { ...context, forge } })).rejects.toThrow('actions: write')
  expect((await readLedger(root))?.entries).toEqual([])
})

test('the newest outcome of a claim lets the next retraining start once the cooldown is over', async () => {
  const root = makeWindows()
  const given = { ...dispatching, retrain: 'decide', rules: { windows: 1, of: 1, cooldown: '1h', budget: { day: 9 } } }
  const at = (hour: number) => ({ now: () => new Date(Date.UTC(2026, 1, 1, hour)) })
  expect((await check(root, { ...given, current: 'day-1.csv' }, at(0))).decision.retrain).toBe(true)
  const held = await check(root, { ...given, current: 'day-2.csv' }, at(2))
  expect(held.decision.blockedBy).toEqual([expect.stringContaining('in flight')])
  const key = (await readLedger(root))?.entries.flatMap((entry) => (entry.kind === 'claim' ? entry.key : []))[0] ?? ''
  const outcome = { kind: 'outcome' as const, key, result: 'succeeded' as const, commit: null, actor: 'Ada' }
  await (await portsOf(root)).ledger?.append('m', [outcome])
  expect((await check(root, { ...given, current: 'day-2.csv' }, at(2))).decision.retrain).toBe(true)
})

test('windows, claims and the version in service are those of the name that the model is registered by', async () => {
  const root = makeWindows()
  const { ledger } = await portsOf(root)
  const deployment = { kind: 'deployment' as const, environment: 'production', version: '1.2.0', previousVersion: null }
  const rest = { status: 'succeeded' as const, endpoint: null, reason: 'first', commit: null, actor: 'Ada' }
  await ledger?.append('shop/m', [{ ...deployment, ...rest }])
  const given = {
    ...dispatching,
    retrain: 'decide',
    name: 'shop/m',
    rules: { windows: 1, of: 1 },
    current: 'day-1.csv',
  }
  expect(await check(root, given)).toMatchObject({ version: '1.2.0', decision: { retrain: true } })
  expect((await check(root, given)).decision.blockedBy.join()).toContain('already started')
  const kinds = (await ledger?.read('shop/m'))?.entries.map(({ kind }) => kind)
  expect(kinds).toEqual(['deployment', 'window', 'decision', 'claim', 'decision'])
  expect((await readLedger(root))?.entries).toEqual([])
})
