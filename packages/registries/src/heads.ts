import type { Registry } from './port.ts'

/** The ledger's heads that a registry keeps with a model's aliases, and which assignment keeps each of them. */
export function headsKeptBy(
  registry: () => Promise<Pick<Registry, 'history'>>,
): (name: string) => Promise<{ readonly head: string; readonly keptIn: string }[]> {
  return async (name) => {
    const assignments = await (await registry()).history(name)
    return assignments.flatMap(({ ledgerHead, reference }) =>
      ledgerHead === null ? [] : [{ head: ledgerHead, keptIn: reference }],
    )
  }
}
