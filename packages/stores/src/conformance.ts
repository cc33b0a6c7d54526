import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestTree, writeAtomically } from '@headgate/files'
import { expect, test } from 'vitest'
import type { Source, Store } from './index.ts'

/** A store to be held against the port, and how somebody would spoil what it keeps. */
export interface Bench {
  readonly store: Store
  /** Another view of the same store, as a later job has it. */
  readonly again: () => Promise<Store>
  readonly spoil: () => Promise<void>
  readonly empty: () => Promise<void>
  /** How often bytes were written so far. */
  readonly writes: () => Promise<number>
}

/** What every store does. */
export function storeConformance(kind: string, bench: () => Promise<Bench>): void {
  test(`${kind}: a later job gets the same bytes under the same paths`, async () => {
    const { store, again } = await bench()
    const { place, files, digest } = await model()
    await store.put(place, files)
    const into = await folder()
    await (await again()).fetch(place, files, into)
    expect((await digestTree(into)).digest).toBe(digest)
  })

  test(`${kind}: storing what is there writes nothing`, async () => {
    const { store, again, writes } = await bench()
    const { place, files } = await model()
    await store.put(place, files)
    const before = await writes()
    await (await again()).put(place, files)
    expect(await writes()).toBe(before)
  })

  test(`${kind}: changed content is refused and not put in place`, async () => {
    const { store, again, spoil } = await bench()
    const { place, files } = await model()
    await store.put(place, files)
    await spoil()
    const into = await folder()
    await expect((await again()).fetch(place, files, into)).rejects.toThrow(/content has changed/)
    expect((await digestTree(into)).files.map(({ path }) => path)).not.toContain(files.at(-1)?.path)
  })

  test(`${kind}: missing content is said, with what to do`, async () => {
    const { store, again, empty } = await bench()
    const { place, files } = await model()
    await store.put(place, files)
    await empty()
    await expect((await again()).fetch(place, files, await folder())).rejects.toThrow(/is not there.*register/s)
  })

  test(`${kind}: a path that leads outside of the folder is refused`, async () => {
    const { store } = await bench()
    const { place, files } = await model()
    await store.put(place, files)
    const hostile = files.map((file) => ({ ...file, path: `../${file.path}` }))
    await expect(store.fetch(place, hostile, await folder())).rejects.toThrow(/leads outside/)
  })
}

const folder = () => mkdtemp(join(tmpdir(), 'store-'))

/** A model with a file that is empty, two of equal content, an odd name, and one larger than a part of the benches. */
async function model() {
  const at = await folder()
  await writeFile(join(at, '__init__.py'), '')
  await writeAtomically(join(at, 'deep/copy.bin'), 'same')
  await writeFile(join(at, 'own "name" é.bin'), 'same')
  await writeFile(join(at, 'weights.bin'), 'w'.repeat(2500))
  const { digest, files } = await digestTree(at)
  const sources: Source[] = files.map((file) => ({ ...file, source: join(at, file.path) }))
  return { place: { name: 'team/flights', digest }, files: sources, digest }
}
