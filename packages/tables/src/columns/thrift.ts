// The part of Thrift's compact protocol that a Parquet footer is written in, with the types kept, so that what was
// read can be written again. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

/** A value by its wire type. Integers stay zigzag numbers: nothing here needs their value but offsets and counts. */
export type ThriftValue =
  | { readonly type: 1 | 2 }
  | { readonly type: 3; readonly byte: number }
  | { readonly type: 4 | 5 | 6; readonly integer: bigint }
  | { readonly type: 7 | 8; readonly bytes: Buffer }
  | { readonly type: 9 | 10; readonly element: number; readonly items: readonly ThriftValue[] }
  | ThriftStruct

export interface ThriftStruct {
  readonly type: 12
  readonly fields: ReadonlyMap<number, ThriftValue>
}

interface Cursor {
  readonly bytes: Buffer
  at: number
}

/** Reads the struct that a buffer begins with. */
export function readStruct(bytes: Buffer): ThriftStruct {
  return structAt({ bytes, at: 0 })
}

function structAt(cursor: Cursor): ThriftStruct {
  const fields = new Map<number, ThriftValue>()
  for (let id = 0; ; ) {
    const head = byteAt(cursor)
    if (head === 0) return { type: 12, fields }
    id = head >> 4 === 0 ? Number(unzigzag(varintAt(cursor))) : id + (head >> 4)
    fields.set(id, valueAt(cursor, head & 15, false))
  }
}

function valueAt(cursor: Cursor, type: number, inList: boolean): ThriftValue {
  switch (type) {
    case 1:
    case 2:
      // A field's boolean is its type; a list's takes a byte.
      return { type: inList ? ((byteAt(cursor) === 1 ? 1 : 2) as 1 | 2) : type }
    case 3:
      return { type, byte: byteAt(cursor) }
    case 4:
    case 5:
    case 6:
      return { type, integer: unzigzag(varintAt(cursor)) }
    case 7:
      return { type, bytes: bytesAt(cursor, 8) }
    case 8:
      return { type, bytes: bytesAt(cursor, Number(varintAt(cursor))) }
    case 9:
    case 10:
      return listAt(cursor, type)
    case 12:
      return structAt(cursor)
    default:
      throw new RangeError(`the footer has a value of the unknown type ${type}`)
  }
}

function listAt(cursor: Cursor, type: 9 | 10): ThriftValue {
  const head = byteAt(cursor)
  const size = head >> 4 === 15 ? Number(varintAt(cursor)) : head >> 4
  const items: ThriftValue[] = []
  while (items.length < size) items.push(valueAt(cursor, head & 15, true))
  return { type, element: head & 15, items }
}

function byteAt(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.at]
  if (byte === undefined) throw new RangeError('the footer ends too early')
  cursor.at += 1
  return byte
}

function bytesAt(cursor: Cursor, length: number): Buffer {
  if (cursor.at + length > cursor.bytes.length) throw new RangeError('the footer ends too early')
  cursor.at += length
  return cursor.bytes.subarray(cursor.at - length, cursor.at)
}

function varintAt(cursor: Cursor): bigint {
  let result = 0n
  for (let shift = 0n; ; shift += 7n) {
    const byte = byteAt(cursor)
    result |= BigInt(byte & 127) << shift
    if (byte < 128) return result
  }
}

function unzigzag(value: bigint): bigint {
  return (value >> 1n) ^ -(value & 1n)
}

/** Writes a struct as `readStruct` reads it. */
export function writeStruct({ fields }: ThriftStruct): Buffer {
  const parts: Buffer[] = []
  let last = 0
  for (const [id, value] of [...fields].sort(([a], [b]) => a - b)) {
    const step = id - last
    parts.push(step < 16 ? Buffer.of((step << 4) | value.type) : Buffer.of(value.type), bytesOf(value, false))
    if (step >= 16) parts.splice(-1, 0, varint(zigzag(BigInt(id))))
    last = id
  }
  return Buffer.concat([...parts, Buffer.of(0)])
}

function bytesOf(value: ThriftValue, inList: boolean): Buffer {
  switch (value.type) {
    case 1:
    case 2:
      return inList ? Buffer.of(value.type) : Buffer.alloc(0)
    case 3:
      return Buffer.of(value.byte)
    case 4:
    case 5:
    case 6:
      return varint(zigzag(value.integer))
    case 7:
      return value.bytes
    case 8:
      return Buffer.concat([varint(BigInt(value.bytes.length)), value.bytes])
    case 9:
    case 10:
      return Buffer.concat([
        listHead(value.items.length, value.element),
        ...value.items.map((item) => bytesOf(item, true)),
      ])
    default:
      return writeStruct(value)
  }
}

function listHead(size: number, element: number): Buffer {
  if (size < 15) return Buffer.of((size << 4) | element)
  return Buffer.concat([Buffer.of(0xf0 | element), varint(BigInt(size))])
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let left = value
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128)
  return Buffer.from([...bytes, Number(left)])
}

function zigzag(value: bigint): bigint {
  return value < 0n ? -2n * value - 1n : 2n * value
}
