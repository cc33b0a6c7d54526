import { stripVTControlCharacters } from 'node:util'
import type { Cell, Notebook } from './notebook.ts'

/** The cell at which an executed notebook stopped. */
export interface FailedCell {
  /** Its number in the notebook that was run, without the cells that papermill adds. */
  readonly number: number
  readonly executionCount: number | null
  readonly source: string
  /** `KeyError: 'x'`; `null` where the kernel died, or was ended, within the cell. */
  readonly error: string | null
  /** Without colours. */
  readonly traceback: readonly string[]
}

/**
 * The cell that failed, or else the last one that was begun; `undefined` where none was.
 * @param source the notebook that was run.
 */
export function failedCell(executed: Notebook, source: Notebook): FailedCell | undefined {
  const cell = executed.cells.find((one) => errorOf(one) !== undefined) ?? executed.cells.findLast(isBegun)
  if (cell === undefined) return undefined
  const error = errorOf(cell)
  const added = addedTags(source)
  const own = executed.cells.filter(({ tags }) => !tags.some((tag) => added.includes(tag)))
  return {
    number: own.filter(({ number }) => number <= cell.number).length,
    executionCount: cell.executionCount,
    source: cell.source,
    error: error ? plain(`${error.name}: ${error.value}`) : null,
    traceback: error ? plain(error.traceback.join('\n')).split('\n') : [],
  }
}

/** Parameters that an earlier run left in the source are replaced in place; else papermill adds a cell for them. */
function addedTags({ cells }: Notebook): string[] {
  const isThere = cells.some(({ tags }) => tags.includes('injected-parameters'))
  return ['papermill-error-cell-tag', ...(isThere ? [] : ['injected-parameters'])]
}

/** Ending a notebook by `sys.exit()` is no failure: papermill takes it for the end. */
function errorOf({ outputs }: Cell): NonNullable<Cell['outputs'][number]['error']> | undefined {
  const errors = outputs.flatMap(({ error }) => error ?? [])
  return errors.find(({ name, value }) => name !== 'SystemExit' || (value !== '' && value !== '0'))
}

function isBegun({ kind, run }: Cell): boolean {
  return kind === 'code' && run?.hasStarted === true
}

function plain(text: string): string {
  return stripVTControlCharacters(text)
}
