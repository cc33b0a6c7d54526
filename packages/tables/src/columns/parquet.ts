import { messageOf, UserError } from '@headgate/core'
import type { FileMetaData, ParquetReadOptions } from 'hyparquet'
import type { Cell, ColumnTable, Wanted } from './cell.ts'
import { cellOf } from './cell.ts'
import { chooseColumns } from './missing.ts'

/** What hyparquet decompresses itself; the other codecs are loaded only when a file uses them. */
const builtIn = new Set(['UNCOMPRESSED', 'SNAPPY'])

/** Reads columns of a Parquet file without touching the bytes of the others. */
export async function readParquet(path: string, wanted: Wanted | undefined): Promise<ColumnTable> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetRead, parquetSchema } = await import('hyparquet')
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file).catch((error) => refuse(path, error))
  const present = parquetSchema(metadata).children.map((child) => child.element.name)
  const names = chooseColumns(path, wanted, present)
  const rows = Number(metadata.num_rows)
  const columns = new Map(names.map((name) => [name, new Array<Cell>(rows).fill(null)]))
  const compressors = await compressorsFor(metadata)
  const onChunk: ParquetReadOptions['onChunk'] = ({ columnName, columnData, rowStart }) => {
    const column = columns.get(columnName)
    for (let i = 0; column !== undefined && i < columnData.length; i++) column[rowStart + i] = cellOf(columnData[i])
  }
  if (names.length > 0)
    await parquetRead({ file, metadata, columns: names, onChunk, ...compressors }).catch((error) => refuse(path, error))
  return { rows, columns }
}

async function compressorsFor(metadata: FileMetaData): Promise<Pick<ParquetReadOptions, 'compressors'>> {
  const used = metadata.row_groups.flatMap((group) => group.columns.map((column) => column.meta_data?.codec ?? ''))
  if (used.every((codec) => builtIn.has(codec))) return {}
  return { compressors: (await import('hyparquet-compressors')).compressors }
}

function refuse(path: string, error: unknown): never {
  throw new UserError({ what: `cannot be read as Parquet: ${messageOf(error)}.`, where: { file: path } })
}
