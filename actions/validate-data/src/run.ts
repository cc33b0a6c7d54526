import type { Check, Findings, Problem, Run, Settings, Validation, Verdict } from '@headgate/core'
import { nearest, problemText, UserError, worst } from '@headgate/core'
import type { ColumnType, Engine, Source, Table } from '@headgate/tables'
import { buildProfile, dataState, findSource, openTable, readAs, runChecks } from '@headgate/tables'
import { choose } from './choice.ts'
import type { HeldContract } from './contract.ts'
import { holdContract } from './contract.ts'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

type ValidationSettings = Settings<typeof stage>

/**
 * Checks the data against its contract, and profiles it.
 * @throws UserError for a contract or data that cannot be read, empty data, and required columns that are missing.
 */
export const run: Run<typeof stage, Ports> = async (settings, ports) => {
  const choice = await choose(settings, ports)
  const [held, source] = await both(holdContract(choice, ports), findSource(choice.data, ports.workspace))
  for (const note of held.contract.notes) ports.log.notice(problemText(note))
  for (const caveat of held.caveats) ports.log.notice(caveat)
  const engine = await ports.openEngine()
  try {
    return await validate(settings, ports, engine, held, source)
  } finally {
    await engine.close()
  }
}

/** Waits for both, and gathers the mistakes of both. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const settled = await Promise.allSettled([a, b])
  const problems: Problem[] = []
  for (const one of settled) {
    if (one.status === 'fulfilled') continue
    if (!(one.reason instanceof UserError)) throw one.reason
    problems.push(...one.reason.problems)
  }
  if (problems.length > 0) throw new UserError(problems)
  return [await a, await b]
}

async function validate(
  settings: ValidationSettings,
  ports: Ports,
  engine: Engine,
  held: HeldContract,
  source: Source,
): Promise<Findings<typeof stage>> {
  const table = await openTable(engine, source, { types: typesOf(held) })
  refuseUnusable(table, held)
  const { sampleFailures, showValues } = settings
  const checks = await runChecks(table, held.contract, { now: ports.now(), sampleFailures, showValues })
  const data = await dataState(table)
  const inputs = [
    { path: data.source, digest: data.digest },
    { path: held.path, digest: held.digest },
  ]
  await ports.writeProfile(await buildProfile(table), inputs.slice(0, 1))
  const body: Validation = { data, contract: contractOf(held), checks: [...checks] }
  return { ...judge(checks, table.rows, held.caveats), inputs, body }
}

function contractOf({ path, digest, ref, changed, contract, caveats }: HeldContract): Validation['contract'] {
  return {
    path,
    format: contract.format,
    digest,
    ...(ref !== undefined && { ref }),
    ...(changed !== undefined && { changed }),
    ...(caveats.length > 0 && { caveats: [...caveats] }),
  }
}

function typesOf({ contract }: HeldContract): Record<string, ColumnType> {
  return Object.fromEntries(
    contract.columns.flatMap(({ name, logicalType }) => (logicalType ? [[name, readAs(logicalType)]] : [])),
  )
}

/** Empty data and missing required columns leave nothing to judge. */
function refuseUnusable(table: Table, { contract }: HeldContract): void {
  const names = new Set(table.columns.map((column) => column.name))
  const problems: Problem[] = contract.columns
    .filter((column) => column.required && !names.has(column.name))
    .map((column) => {
      const near = nearest(column.name, names)
      const what = `the data has no column ${JSON.stringify(column.name)}, which the contract requires.`
      const fix = near ? `It has ${JSON.stringify(near)}.` : `It has ${[...names].join(', ')}.`
      return { what, where: { ...column.location }, fix }
    })
  if (table.rows === 0) problems.push({ what: 'the data has no rows.', where: { file: table.source.location } })
  if (problems.length > 0) throw new UserError(problems)
}

function judge(
  checks: readonly Check[],
  rows: number,
  caveats: readonly string[],
): { verdict: Verdict; summary: string } {
  const found = worst(checks.map((check) => check.status))
  const verdict = caveats.length > 0 && found === 'pass' ? 'warn' : found
  if (checks.length === 0) return { verdict, summary: `The contract has no checks; ${rows} rows were read.` }
  const passed = checks.filter((check) => check.status === 'pass').length
  const decisive = (['fail', 'error', 'inconclusive', 'warn'] as const)
    .map((status) => checks.find((check) => check.status === status))
    .find((check) => check !== undefined)
  const counted = `${passed} of ${checks.length} checks passed on ${rows} rows`
  const said = [counted, decisive && reasonOf(decisive), ...caveats.map((caveat) => caveat.replace(/\.$/, ''))]
  return { verdict, summary: `${said.filter((part) => part !== undefined).join('; ')}.` }
}

function reasonOf(check: Check): string {
  if (check.observed === null) return `${check.id}: ${(check.note ?? 'not evaluated').replace(/\.$/, '')}`
  return `${check.id} is ${check.observed} where ${check.expected} holds`
}
