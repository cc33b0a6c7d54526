import { isAbsolute, posix, relative, sep } from 'node:path'
import type { Settings } from '@headgate/core'
import { findSource } from '@headgate/tables'
import type { Ports } from './ports.ts'
import { stage } from './stage.ts'

/** What is checked by what. */
export interface Choice {
  readonly contract: ContractPlace
  /** The contract that the run itself names. */
  readonly own: ContractPlace
  readonly data: string
  /** Why `pass` is out of reach: what of this the pull request itself decided. */
  readonly caveats: readonly string[]
  /** What the pull request would change of it, as lines with `-` and `+`. */
  readonly changed: readonly string[]
}

export interface ContractPlace {
  /** Relative to the work tree, with `/` and without detours. */
  readonly path: string
  /** Which table, where the contract describes several. */
  readonly table: string | undefined
}

/** The part of the stage's block that decides, where the base branch may leave open what this run says. */
const decisiveBlock = {
  name: stage.name,
  failOn: stage.failOn,
  settings: stage.settings.pick({ contract: true, data: true }).partial(),
} as const

/**
 * Which contract and which data hold. On a pull request or in a merge queue the base branch says so, whatever flags and
 * the change's own settings say; these fill only what that branch leaves open.
 * @throws UserError where the base branch's settings cannot be understood.
 */
export async function choose(
  own: Settings<typeof stage>,
  { base, workspace }: Pick<Ports, 'base' | 'workspace'>,
): Promise<Choice> {
  const ownPlace = placeOf(own.contract, workspace)
  const alone = { contract: ownPlace, own: ownPlace, data: own.data, caveats: [], changed: [] }
  if (base === undefined) return alone
  const found = await base.settings(decisiveBlock, own)
  if (found.settings === undefined)
    return { ...alone, caveats: [`Which contract holds is the pull request’s own word: ${found.reason}`] }
  const { contract, data } = found.settings
  const chosen = await chooseData(data, own.data, { base, workspace })
  const open = [`\`contract\` is the pull request’s own: ${base.ref} does not set it.`]
  const place = contract === undefined ? ownPlace : placeOf(contract, workspace)
  return {
    contract: place,
    own: ownPlace,
    data: chosen.data,
    caveats: [...(contract === undefined ? open : []), ...chosen.caveats],
    changed: [...difference('contract', textOf(place), textOf(ownPlace)), ...chosen.changed],
  }
}

/** The base branch's data while they are there; a change that moves them reads its own, and says so. */
async function chooseData(
  based: string | undefined,
  own: string,
  { base, workspace }: Pick<Ports, 'base' | 'workspace'>,
): Promise<Pick<Choice, 'data' | 'caveats' | 'changed'>> {
  if (based === undefined || pathOf(based, workspace) === pathOf(own, workspace))
    return { data: own, caveats: [], changed: [] }
  const isThere = await findSource(based, workspace).then(
    () => true,
    () => false,
  )
  const [data, caveat] = isThere
    ? [based, `\`data\` of the pull request was not checked: ${base?.ref} says which data are.`]
    : [own, `\`data\` is the pull request’s own: the data that ${base?.ref} names are not there.`]
  return { data, caveats: [caveat], changed: difference('data', shown(based), shown(own)) }
}

/** Addresses may hold what no document may. */
function shown(data: string): string {
  return data.includes('://') ? '(an address)' : data
}

function difference(key: string, before: string, after: string): string[] {
  return before === after ? [] : [`-${key}: ${before}`, `+${key}: ${after}`]
}

function placeOf(contract: string, workspace: string): ContractPlace {
  const [path = '', table] = contract.split('#')
  return { path: pathOf(path, workspace), table }
}

function textOf({ path, table }: ContractPlace): string {
  return table === undefined ? path : `${path}#${table}`
}

function pathOf(given: string, workspace: string): string {
  const inside = isAbsolute(given) ? relative(workspace, given) : given
  return given.includes('://') ? given : posix.normalize(inside.split(sep).join('/'))
}
