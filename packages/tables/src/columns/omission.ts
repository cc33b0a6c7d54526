import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { replaceAtomically } from '@headgate/files'
import { parseCsv } from './csv.ts'
import { parseNdjson } from './ndjson.ts'
import { type Format, formatOf } from './table.ts'

type Writer = (path: string, columns: ReadonlySet<string>, to: string) => Promise<void>

const writers: Readonly<Record<Format, Writer>> = {
  parquet: async (path, columns, to) => (await import('./parquet-omission.ts')).omitFromParquet(path, columns, to),
  csv: (path, columns, to) => writeLines(to, (put) => csvLines(path, columns, put)),
  ndjson: (path, columns, to) => writeLines(to, (put) => ndjsonLines(path, columns, put)),
}

/**
 * Writes a table without some of its columns, in its own format; the values of the others stay as they are.
 * @throws UserError when the file is broken, or a column of a Parquet file is nested.
 */
export async function writeWithout(path: string, columns: readonly string[], to: string): Promise<void> {
  const write = writers[formatOf(path)]
  await replaceAtomically(to, (temporary) => write(path, new Set(columns), temporary))
}

type Put = (line: string) => void

async function writeLines(to: string, fill: (put: Put) => Promise<void>): Promise<void> {
  const stream = createWriteStream(to, { flags: 'wx' })
  await once(stream, 'open')
  await fill((line) => stream.write(line))
  stream.end()
  await finished(stream)
}

async function csvLines(path: string, columns: ReadonlySet<string>, put: Put): Promise<void> {
  let kept: readonly number[] | undefined
  await parseCsv(path, (fields) => {
    kept ??= fields.flatMap((name, index) => (columns.has(name ?? '') ? [] : [index]))
    put(`${kept.map((index) => csvField(fields[index] ?? null)).join(',')}\n`)
  })
}

function csvField(text: string | null): string {
  if (text === null) return ''
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

async function ndjsonLines(path: string, columns: ReadonlySet<string>, put: Put): Promise<void> {
  await parseNdjson(path, (row) => {
    const kept = Object.entries(row).filter(([key]) => !columns.has(key))
    const parts = kept.map(([key, value]) => `${JSON.stringify(key)}:${jsonOf(value)}`)
    put(`{${parts.join(',')}}\n`)
  })
}

function jsonOf(value: unknown): string {
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value)
}
