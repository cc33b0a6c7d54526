import { isAbsolute, join, relative } from 'node:path'
import type { Contract } from '@headgate/contracts'
import { readContract } from '@headgate/contracts'
import type { Digest } from '@headgate/core'
import { digestOf, UserError } from '@headgate/core'
import { readText } from '@headgate/files'
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
  /** Why `pass` is out of reach. */
  readonly caveat?: string
}

/**
 * Reads the contract; on a pull request the base branch's, so that a change cannot weaken its own check.
 * @param setting a path, with `#<table>` after it where the contract describes several
 * @throws UserError with every mistake in the contract.
 */
export async function holdContract(setting: string, ports: Pick<Ports, 'base' | 'workspace'>): Promise<HeldContract> {
  const [given = '', table] = setting.split('#')
  const path = isAbsolute(given) ? relative(ports.workspace, given) : given
  const own = await readText(join(ports.workspace, path))
  const { base } = ports
  const based = await base?.read(path.replaceAll('\\', '/'))
  const text = based ?? own
  if (text === undefined)
    throw new UserError({ what: 'there is no such contract.', where: { file: path }, fix: 'Check `contract`.' })
  const held = { contract: readContract(text, path, table), path, digest: digestOf(text) }
  if (base === undefined) return held
  if (based === undefined)
    return { ...held, caveat: `The contract is the pull request’s own: ${base.ref} has no ${path}.` }
  return { ...held, ref: base.ref, ...(own !== based && { changed: lineChanges(based, own ?? '') }) }
}

/** The lines that only one of two texts has. */
function lineChanges(before: string, after: string): string {
  const [old, next] = [before.split('\n'), after.split('\n')]
  const gone = without(old, next).map((line) => `-${line}`)
  const come = without(next, old).map((line) => `+${line}`)
  return [...gone, ...come].slice(0, 200).join('\n')
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
