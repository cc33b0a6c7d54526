import type { Model } from '@headgate/core'
import { digestOf, digestOfTree, OutsideError, Refusal, UserError } from '@headgate/core'
import { expect, test } from 'vitest'
import type { Registration, Registry } from './index.ts'

/** One registry, seen from two places, and how it is made unreachable. */
export interface Bench {
  readonly one: Registry
  readonly other: Registry
  readonly commit: string
  readonly disconnect: () => Promise<void>
}

/** A registration of a model with this content. */
export function registrationOf(content: string, commit: string, name = 'team/flights'): Registration {
  const files = [{ path: 'model.bin', digest: digestOf(content), bytes: content.length }]
  return {
    name,
    bump: 'minor',
    commit,
    digest: digestOfTree(files),
    files,
    attachments: [],
    lineage: {
      commit,
      training: { digest: digestOf('training'), key: digestOf(`key of ${content}`), runId: 'r1' },
      data: [],
      environment: null,
      evaluation: null,
      validation: null,
      imported: false,
    },
    store: { kind: 'directory', location: '../store' },
    signature: null,
  }
}

const versionsOf = (models: readonly Model[]) => models.map(({ version }) => version)

/** What every registry does. */
export function registryConformance(kind: string, bench: () => Promise<Bench>): void {
  test(`${kind}: nothing registered is an answer, unreachable is an error`, async () => {
    const { one, disconnect } = await bench()
    expect(await one.resolve('flights', { alias: 'champion' })).toBeUndefined()
    expect(await one.versions('flights')).toEqual([])
    await disconnect()
    await expect(one.resolve('flights', { alias: 'champion' })).rejects.toThrow(OutsideError)
    await expect(one.register(registrationOf('a', ''))).rejects.toThrow(OutsideError)
  })

  test(`${kind}: what one registers, another resolves, whole`, async () => {
    const { one, other, commit } = await bench()
    const registration = registrationOf('a', commit)
    const { model, isNew } = await one.register(registration)
    expect([model.version, isNew]).toEqual(['0.1.0', true])
    const { bump: _bump, commit: _commit, ...record } = registration
    expect(await other.resolve('team/flights', { version: '0.1.0' })).toMatchObject(record)
    expect(await other.resolve('team', { version: '0.1.0' })).toBeUndefined()
  })

  test(`${kind}: each part of the version can be raised, the highest so far counts`, async () => {
    const { one, commit } = await bench()
    const raise = async (bump: Registration['bump'], content: string) =>
      (await one.register({ ...registrationOf(content, commit), bump })).model.version
    expect(await raise('patch', '1')).toBe('0.0.1')
    expect(await raise('major', '2')).toBe('1.0.0')
    expect(await raise('minor', '3')).toBe('1.1.0')
    expect(versionsOf(await one.versions('team/flights'))).toEqual(['0.0.1', '1.0.0', '1.1.0'])
  })

  test(`${kind}: the same content by the same key keeps its version, by another key gets a new one`, async () => {
    const { one, other, commit } = await bench()
    const registration = registrationOf('a', commit)
    await one.register(registration)
    const again = await other.register(registration)
    expect([again.model.version, again.isNew]).toEqual(['0.1.0', false])
    const training = { digest: digestOf('t'), key: digestOf('another'), runId: 'r2' }
    const changed = await other.register({ ...registration, lineage: { ...registration.lineage, training } })
    expect([changed.model.version, changed.isNew]).toEqual(['0.2.0', true])
  })

  test(`${kind}: content whose verdict was not recomputed is registered anew once it was`, async () => {
    const { one, commit } = await bench()
    const judged = (recomputed: boolean): Registration => {
      const registration = registrationOf('a', commit)
      const evaluation = { digest: digestOf('e'), verdict: 'pass', baseline: null, bootstrap: false, recomputed }
      return { ...registration, lineage: { ...registration.lineage, evaluation } }
    }
    expect((await one.register(judged(false))).model.version).toBe('0.1.0')
    expect(await one.register(judged(true))).toMatchObject({ model: { version: '0.2.0' }, isNew: true })
    expect(await one.register(judged(false))).toMatchObject({ isNew: false })
    expect(await one.register(judged(true))).toMatchObject({ model: { version: '0.2.0' }, isNew: false })
  })

  test(`${kind}: two that register at the same time get two versions, both intact`, async () => {
    const { one, other, commit } = await bench()
    await Promise.all([one.register(registrationOf('a', commit)), other.register(registrationOf('b', commit))])
    const models = await one.versions('team/flights')
    expect(versionsOf(models)).toEqual(['0.1.0', '0.2.0'])
    expect(new Set(models.map(({ digest }) => digest)).size).toBe(2)
  })

  test(`${kind}: a plan writes nothing`, async () => {
    const { one, commit } = await bench()
    expect((await one.plan(registrationOf('a', commit))).model.version).toBe('0.1.0')
    expect(await one.versions('team/flights')).toEqual([])
  })

  test(`${kind}: an alias moves if it is where it was expected, and comes back by one more move`, async () => {
    const { one, other, commit } = await bench()
    const name = 'team/flights'
    for (const content of ['a', 'b', 'c']) await one.register(registrationOf(content, commit))
    const move = (registry: Registry, version: string, expected: string | null) =>
      registry.promote({ name, version, alias: 'champion', expected, reason: 'test', ledgerHead: commit })
    expect(await move(one, '0.1.0', null)).toMatchObject({ previous: null, isMoved: true })
    expect(await move(other, '0.2.0', '0.1.0')).toMatchObject({ previous: '0.1.0', isMoved: true })
    expect(await move(one, '0.2.0', '0.1.0')).toMatchObject({ previous: '0.2.0', isMoved: false })
    const lost = await move(one, '0.3.0', '0.1.0').catch((error: unknown) => error)
    expect(lost).toBeInstanceOf(Refusal)
    expect(String(lost)).toContain('gate again against v0.2.0')
    await move(one, '0.1.0', '0.2.0')
    const champion = await other.resolve(name, { alias: 'champion' })
    expect([champion?.version, champion?.aliases]).toEqual(['0.1.0', ['champion']])
    const history = await other.history(name)
    expect(history.map(({ version }) => version)).toEqual(['0.1.0', '0.2.0', '0.1.0'])
    expect(history[0]).toMatchObject({ alias: 'champion', isAssigned: true, reason: 'test', ledgerHead: commit })
  })

  test(`${kind}: of two that promote at the same time one wins, the other is told`, async () => {
    const { one, other, commit } = await bench()
    for (const content of ['a', 'b']) await one.register(registrationOf(content, commit))
    const promote = (registry: Registry, version: string) =>
      registry.promote({ name: 'team/flights', version, alias: 'champion', expected: null, reason: 'race' })
    const ends = await Promise.allSettled([promote(one, '0.1.0'), promote(other, '0.2.0')])
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const winner = ends[0]?.status === 'fulfilled' ? '0.1.0' : '0.2.0'
    expect((await one.resolve('team/flights', { alias: 'champion' }))?.version).toBe(winner)
  })

  test(`${kind}: an unknown version is not promoted, an impossible name not registered`, async () => {
    const { one, commit } = await bench()
    const promotion = { name: 'flights', version: '9.9.9', alias: 'champion', reason: '' }
    await expect(one.promote(promotion)).rejects.toThrow(UserError)
    await expect(one.register(registrationOf('a', commit, 'Bad Name'))).rejects.toThrow(UserError)
  })
}
