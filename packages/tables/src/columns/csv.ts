import { UserError } from '@headgate/core'
import type { Cell, ColumnTable, Wanted } from './cell.ts'
import { gatherLines } from './lines.ts'
import { chooseColumns } from './missing.ts'
import { readPieces } from './text.ts'

/** Gets each record with the line that it begins on. An empty field without quotes is null. */
type OnRecord = (fields: readonly (string | null)[], line: number) => void

/** Reads columns of a CSV file by RFC 4180: comma, quotes, CRLF or LF, a header. Cells are text or null. */
export async function readCsv(path: string, wanted: Wanted | undefined): Promise<ColumnTable> {
  let header: readonly string[] | undefined
  let picked: readonly { readonly index: number; readonly cells: Cell[] }[] = []
  const columns = new Map<string, Cell[]>()
  const lines = gatherLines()
  let rows = 0
  await parseCsv(path, (fields, line) => {
    if (header === undefined) {
      header = headerOf(path, fields)
      for (const name of chooseColumns(path, wanted, header)) columns.set(name, [])
      picked = [...columns].map(([name, cells]) => ({ index: header?.indexOf(name) ?? -1, cells }))
      return
    }
    if (fields.length !== header.length)
      throw new UserError({
        what: `has ${fields.length} fields where the header has ${header.length}.`,
        where: { file: path, line },
      })
    for (const { index, cells } of picked) cells.push(fields[index] ?? null)
    lines.add(line)
    rows += 1
  })
  if (header === undefined) throw new UserError({ what: 'is empty.', where: { file: path } })
  return { rows, columns, lines }
}

function headerOf(path: string, fields: readonly (string | null)[]): readonly string[] {
  const names = fields.map((field) => field ?? '')
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  if (twice.size === 0) return names
  throw new UserError(
    [...twice].map((name) => ({ what: `has the column "${name}" twice.`, where: { file: path, line: 1 } })),
  )
}

/**
 * Parses CSV as it streams by.
 * @throws UserError for a quote that is never closed, and for text after a closing quote.
 */
export async function parseCsv(path: string, onRecord: OnRecord): Promise<void> {
  const parser = createParser(path, onRecord)
  for await (const piece of readPieces(path)) parser.write(piece)
  parser.end()
}

const quote = '"'.charCodeAt(0)
const comma = ','.charCodeAt(0)
const lineFeed = 10
const carriageReturn = 13

interface Parser {
  write(piece: string): void
  end(): void
}

/** Where the parser stands: before a field, in one, inside quotes, or after a quote that may be the closing one. */
type State = 'start' | 'bare' | 'quoted' | 'closed'

function createParser(path: string, onRecord: OnRecord): Parser {
  let state: State = 'start'
  let fields: (string | null)[] = []
  let field = ''
  let line = 1
  let began = 1
  const refuse = (what: string): never => {
    throw new UserError({ what, where: { file: path, line: began } })
  }
  const endField = (): void => {
    fields.push(state === 'start' ? null : field)
    field = ''
    state = 'start'
  }
  const endRecord = (): void => {
    if (state === 'bare' && field.endsWith('\r')) field = field.slice(0, -1)
    if (state === 'bare' && field === '') state = 'start'
    const isBlank = fields.length === 0 && state === 'start'
    if (!isBlank) endField()
    if (!isBlank) onRecord(fields, began)
    fields = []
    line += 1
    began = line
  }
  const take = (code: number): void => {
    if (code === comma) endField()
    else if (code === lineFeed) endRecord()
    else if (code === quote) {
      if (state === 'closed') field += '"'
      state = 'quoted'
    } else if (code !== carriageReturn) refuse('has text after a closing quote.')
  }
  /** Adds what lies before the next character that means something here, and returns its place. */
  const addPlain = (piece: string, from: number, meaning: number): number => {
    let at = from
    while (at < piece.length && piece.charCodeAt(at) !== meaning && piece.charCodeAt(at) !== lineFeed) at += 1
    field += piece.slice(from, at)
    return at
  }
  const addQuoted = (piece: string, from: number): number => {
    const at = addPlain(piece, from, quote)
    if (piece.charCodeAt(at) === quote) state = 'closed'
    else if (at < piece.length) {
      field += '\n'
      line += 1
    }
    return at + 1
  }
  const write = (piece: string): void => {
    for (let at = 0; at < piece.length; ) {
      const code = piece.charCodeAt(at)
      if (state === 'start' && code !== comma && code !== lineFeed && code !== quote) state = 'bare'
      if (state === 'quoted') at = addQuoted(piece, at)
      else {
        if (state === 'bare') at = addPlain(piece, at, comma)
        if (at < piece.length) take(piece.charCodeAt(at))
        at += 1
      }
    }
  }
  const end = (): void => {
    if (state === 'quoted') refuse('opens a quote that is never closed.')
    if (fields.length > 0 || state !== 'start') endRecord()
  }
  return { write, end }
}
