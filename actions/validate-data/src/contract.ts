import { join } from 'node:path'
import { atBase } from '@headgate/base-branch'
import type { Contract } from '@headgate/contracts'
import { readContract } from '@headgate/contracts'
import type { Digest } from '@headgate/core'
import { digestOf, UserError } from '@headgate/core'
import { readText } from '@headgate/files'
import type { Choice, ContractPlace } from './choice.ts'
import type { Ports } from './ports.ts'

/** The contract that holds, and where it came from. */
export interface HeldContract {
  readonly contract: Contract
  /** Relative to the work tree. */
  readonly path: string
  readonly digest: Digest
  /** The base branch that it was read from. */
  readonly ref?: string
  /** What the pull request would change, as lines with `-` and `+`. */
  readonly changed?: string
  /** Why `pass` is out of reach: what of this the pull request itself decided. */
  readonly caveats: readonly string[]
}

const mostLines = 200

/**
 * Reads the contract that was chosen. On a pull request its text is the base branch's too, so that a change cannot
 * weaken its own check.
 * @throws UserError with every mistake in the contract.
 */
export async function holdContract(
  choice: Choice,
  { base, workspace }: Pick<Ports, 'base' | 'workspace'>,
): Promise<HeldContract> {
  const readOwn = (path: string): Promise<string | undefined> => readText(join(workspace, path))
  const { contract: place, own, caveats } = choice
  const based = await base?.read(place.path)
  if (base === undefined) return { ...readHeld(await readOwn(place.path), place), caveats }
  const text = based ?? (await readOwn(place.path))
  const held = based === undefined ? readHeld(text, place) : await atBase(base.ref, () => readHeld(based, place))
  const absence = `The contract is the pull request’s own: ${base.ref} has no ${place.path}.`
  const changed = [...choice.changed, ...lineChanges(text ?? '', (await readOwn(own.path)) ?? '')]
  return {
    ...held,
    ...(based !== undefined && { ref: base.ref }),
    ...(changed.length > 0 && { changed: changed.slice(0, mostLines).join('\n') }),
    caveats: based === undefined ? [...caveats, absence] : caveats,
  }
}

function readHeld(text: string | undefined, { path, table }: ContractPlace) {
  if (text === undefined)
    throw new UserError({ what: 'there is no such contract.', where: { file: path }, fix: 'Check `contract`.' })
  return { contract: readContract(text, path, table), path, digest: digestOf(text) }
}

/** The lines that only one of two texts has. */
function lineChanges(before: string, after: string): string[] {
  const [old, next] = [before.split('\n'), after.split('\n')]
  return [...without(old, next).map((line) => `-${line}`), ...without(next, old).map((line) => `+${line}`)]
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>()
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1)
  return lines.filter((line) => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0
  })
}
