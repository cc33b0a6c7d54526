import { isAbsolute, join, relative } from 'node:path'
import type { Contract } from '@headgate/contracts'
import { readContract } from '@headgate/contracts'
import type { Digest, FailOn } from '@headgate/core'
import { digestOf, failOns, UserError } from '@headgate/core'
import { readText } from '@headgate/files'
import type { Base, Ports } from './ports.ts'

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
  readonly failOn: FailOn
}

/** What a run, or its base branch, says of the contract. */
interface Choice {
  /** A path, with `#<table>` after it where the contract describes several. */
  readonly contract: string
  readonly failOn: FailOn
}

/**
 * Reads the contract. On a pull request the base branch says which it is, what is in it, and from which verdict on it
 * fails, so that a change cannot weaken its own check; the pull request fills only what that branch leaves open.
 * @throws UserError with every mistake in the contract.
 */
export async function holdContract(own: Choice, ports: Pick<Ports, 'base' | 'workspace'>): Promise<HeldContract> {
  const { base, workspace } = ports
  const readOwn = (path: string): Promise<string | undefined> => readText(join(workspace, path))
  if (base === undefined) {
    const { path, table } = placeOf(own, workspace)
    return { ...readHeld(await readOwn(path), path, table), caveats: [], failOn: own.failOn }
  }
  const { choice, caveats } = await chooseAt(base, own)
  const { path, table } = placeOf(choice, workspace)
  const based = await base.read(path.replaceAll('\\', '/'))
  const held = readHeld(based ?? (await readOwn(path)), path, table)
  if (based === undefined) caveats.push(`The contract is the pull request’s own: ${base.ref} has no ${path}.`)
  const ownText = await readOwn(placeOf(own, workspace).path)
  const changed = [...choiceChanges(choice, own), ...lineChanges(based ?? held.text, ownText ?? '')]
  return {
    ...held,
    ...(based !== undefined && { ref: base.ref }),
    ...(changed.length > 0 && { changed: changed.slice(0, mostLines).join('\n') }),
    caveats,
    failOn: choice.failOn,
  }
}

const mostLines = 200

/** The base branch's choice, with this run's where that leaves it open. */
async function chooseAt(base: Base, own: Choice): Promise<{ choice: Choice; caveats: string[] }> {
  const found = await base.settings()
  if (found.settings === undefined)
    return { choice: own, caveats: [`Which contract holds is the pull request’s own word: ${found.reason}`] }
  const { contract, failOn } = found.settings
  const choice = { contract: contract ?? own.contract, failOn: stricter(failOn, own.failOn) }
  const caveat = `\`contract\` is the pull request’s own: ${base.ref} does not set it.`
  return { choice, caveats: contract === undefined ? [caveat] : [] }
}

function stricter(one: FailOn, other: FailOn): FailOn {
  return failOns.indexOf(one) > failOns.indexOf(other) ? one : other
}

function placeOf({ contract }: Choice, workspace: string): { path: string; table: string | undefined } {
  const [given = '', table] = contract.split('#')
  return { path: isAbsolute(given) ? relative(workspace, given) : given, table }
}

function readHeld(text: string | undefined, path: string, table: string | undefined) {
  if (text === undefined)
    throw new UserError({ what: 'there is no such contract.', where: { file: path }, fix: 'Check `contract`.' })
  return { text, contract: readContract(text, path, table), path, digest: digestOf(text) }
}

function choiceChanges(held: Choice, own: Choice): string[] {
  const pairs = [
    ['contract', held.contract, own.contract],
    ['fail-on', held.failOn, own.failOn],
  ] as const
  return pairs.flatMap(([key, before, after]) => (before === after ? [] : [`-${key}: ${before}`, `+${key}: ${after}`]))
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
