import { constants } from 'node:fs'
import { copyFile, open } from 'node:fs/promises'
import { messageOf, UserError } from '@headgate/core'
import type { ThriftStruct, ThriftValue } from './thrift.ts'
import { readStruct, writeStruct } from './thrift.ts'

// Field numbers of parquet.thrift (Apache Parquet 2.11).
const fileMetadata = { schema: 2, rowGroups: 4, keyValues: 5, columnOrders: 7 } as const
const rowGroup = { columns: 1, sorting: 4 } as const
const columnChunk = { metadata: 3, offsetIndex: 4, offsetIndexLength: 5, columnIndex: 6, columnIndexLength: 7 } as const
const columnMetadata = {
  path: 3,
  compressedSize: 7,
  dataPage: 9,
  dictionaryPage: 11,
  bloom: 14,
  bloomLength: 15,
} as const
const schemaElement = { name: 4, children: 5 } as const

/**
 * Copies a Parquet file without some columns: the footer names them no more, and their bytes are zeros. Types,
 * compression and the other columns stay exactly as they were; writers' own notes on the schema are left out.
 */
export async function omitFromParquet(path: string, columns: ReadonlySet<string>, to: string): Promise<void> {
  await copyFile(path, to, constants.COPYFILE_EXCL)
  const file = await open(to, 'r+')
  try {
    const { size } = await file.stat()
    const tail = Buffer.alloc(8)
    await file.read(tail, 0, 8, Math.max(0, size - 8))
    const length = tail.readUInt32LE(0)
    if (tail.toString('latin1', 4) !== 'PAR1' || length + 12 > size) throw new RangeError('it has no Parquet footer')
    const footer = Buffer.alloc(length)
    await file.read(footer, 0, length, size - 8 - length)
    const { metadata, blanks } = omit(readStruct(footer), columns)
    for (const { at, bytes } of blanks) await file.write(Buffer.alloc(bytes), 0, bytes, at)
    const written = writeStruct(metadata)
    const end = Buffer.alloc(8)
    end.writeUInt32LE(written.length, 0)
    end.write('PAR1', 4, 'latin1')
    await file.truncate(size - 8 - length)
    await file.write(Buffer.concat([written, end]), 0, written.length + 8, size - 8 - length)
    await file.sync()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const what = `cannot be copied without ${[...columns].join(', ')}: ${messageOf(error)}.`
    throw new UserError({ what, where: { file: path } }, { cause: error })
  } finally {
    await file.close()
  }
}

interface Range {
  readonly at: number
  readonly bytes: number
}

function omit(metadata: ThriftStruct, columns: ReadonlySet<string>): { metadata: ThriftStruct; blanks: Range[] } {
  const [root, ...elements] = structs(metadata.fields.get(fileMetadata.schema))
  if (root === undefined) throw new RangeError('the footer has no schema')
  const names = elements.map((element) => textOf(element.fields.get(schemaElement.name)))
  const leaves = elements.flatMap((element, index) => (element.fields.has(schemaElement.children) ? [] : [index]))
  const omitted = new Set(topLevel(elements).filter((index) => columns.has(names[index] ?? '')))
  for (const index of omitted) if (!leaves.includes(index)) throw new RangeError(`the column ${names[index]} is nested`)
  const blanks: Range[] = []
  const groups = structs(metadata.fields.get(fileMetadata.rowGroups)).map((group) => {
    const chunks = structs(group.fields.get(rowGroup.columns))
    const isOmitted = (chunk: ThriftStruct): boolean => columns.has(pathOf(chunk))
    blanks.push(...chunks.filter(isOmitted).flatMap(rangesOf))
    const fields = new Map(group.fields)
    // Columns are named by their place there, which has moved.
    fields.delete(rowGroup.sorting)
    return withField({ type: 12, fields }, rowGroup.columns, list(chunks.filter((chunk) => !isOmitted(chunk))))
  })
  const children = integerOf(root.fields.get(schemaElement.children)) - omitted.size
  const newRoot = withField(root, schemaElement.children, { type: 5, integer: BigInt(children) })
  const fields = new Map(metadata.fields)
  fields.delete(fileMetadata.keyValues)
  fields.set(fileMetadata.schema, list([newRoot, ...elements.filter((_, index) => !omitted.has(index))]))
  fields.set(fileMetadata.rowGroups, list(groups))
  const orders = structs(fields.get(fileMetadata.columnOrders))
  if (orders.length > 0)
    fields.set(fileMetadata.columnOrders, list(orders.filter((_, leaf) => !omitted.has(leaves[leaf] ?? -1))))
  return { metadata: { type: 12, fields }, blanks }
}

/** The places of the elements right below the root, in the flattened tree. */
function topLevel(elements: readonly ThriftStruct[]): number[] {
  const found: number[] = []
  let inside = 0
  elements.forEach((element, index) => {
    if (inside === 0) found.push(index)
    else inside -= 1
    inside += integerOf(element.fields.get(schemaElement.children))
  })
  return found
}

/** Where the file holds a column's pages, indexes and filter. */
function rangesOf(chunk: ThriftStruct): Range[] {
  const metadata = structOf(chunk.fields.get(columnChunk.metadata))
  const of = (struct: ThriftStruct, field: number): number => integerOf(struct.fields.get(field))
  const pages = [of(metadata, columnMetadata.dictionaryPage), of(metadata, columnMetadata.dataPage)].filter(
    (at) => at > 0,
  )
  return [
    { at: Math.min(...pages), bytes: of(metadata, columnMetadata.compressedSize) },
    { at: of(chunk, columnChunk.offsetIndex), bytes: of(chunk, columnChunk.offsetIndexLength) },
    { at: of(chunk, columnChunk.columnIndex), bytes: of(chunk, columnChunk.columnIndexLength) },
    { at: of(metadata, columnMetadata.bloom), bytes: of(metadata, columnMetadata.bloomLength) },
  ].filter(({ at, bytes }) => at > 0 && Number.isFinite(at) && bytes > 0)
}

function pathOf(chunk: ThriftStruct): string {
  const path = structOf(chunk.fields.get(columnChunk.metadata)).fields.get(columnMetadata.path)
  return path?.type === 9 && path.items.length === 1 ? textOf(path.items[0]) : ''
}

function structs(value: ThriftValue | undefined): ThriftStruct[] {
  return value?.type === 9 ? value.items.map(structOf) : []
}

function structOf(value: ThriftValue | undefined): ThriftStruct {
  if (value?.type !== 12) throw new RangeError('the footer lacks a part, or is encrypted')
  return value
}

function textOf(value: ThriftValue | undefined): string {
  return value?.type === 8 ? value.bytes.toString('utf8') : ''
}

function integerOf(value: ThriftValue | undefined): number {
  return value !== undefined && 'integer' in value ? Number(value.integer) : 0
}

function list(items: readonly ThriftStruct[]): ThriftValue {
  return { type: 9, element: 12, items }
}

function withField(struct: ThriftStruct, field: number, value: ThriftValue): ThriftStruct {
  return { type: 12, fields: new Map(struct.fields).set(field, value) }
}
