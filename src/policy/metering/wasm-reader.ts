import { PolicySupplyError } from '../../domain/errors.js'

/** A place in a module, moved on by what reads it; nothing is read past `end`. */
export interface Cursor {
  readonly bytes: Buffer
  at: number
  readonly end: number
}

/** The only place where cursors are made, so that all are of one shape to the engine: reading is what takes the time. */
export function createCursor(bytes: Buffer, start: number, end: number): Cursor {
  return { bytes, at: start, end }
}

export function readByte(cursor: Cursor): number {
  const byte = cursor.at < cursor.end ? cursor.bytes[cursor.at] : undefined
  if (byte === undefined) throw broken('it ends too early', cursor.at)
  cursor.at += 1
  return byte
}

/** An unsigned integer of 32 bits in LEB128, at most five bytes. */
export function readU32(cursor: Cursor): number {
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = readByte(cursor)
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) {
      if (value < 2 ** 32) return value
      break
    }
  }
  throw broken('a number does not fit in 32 bits', cursor.at)
}

/** Passes over an integer in LEB128 of at most 64 bits. */
export function skipInteger(cursor: Cursor): void {
  for (let length = 1; length <= 10; length += 1) if (readByte(cursor) < 0x80) return
  throw broken('a number does not fit in 64 bits', cursor.at)
}

export function skipBytes(cursor: Cursor, length: number): void {
  if (length > cursor.end - cursor.at) throw broken('it ends too early', cursor.at)
  cursor.at += length
}

export function readName(cursor: Cursor): string {
  const length = readU32(cursor)
  const start = cursor.at
  skipBytes(cursor, length)
  return cursor.bytes.toString('utf8', start, cursor.at)
}

/** @throws PolicySupplyError `compile` when it is more than a number, a vector, or a plain reference */
export function readValueType(cursor: Cursor): number {
  const type = readByte(cursor)
  if (valueTypes.includes(type)) return type
  throw unmeterable(`has a value of type 0x${type.toString(16)}`)
}

export const vectorType = 0x7b
const valueTypes: readonly number[] = [0x7f, 0x7e, 0x7d, 0x7c, vectorType, 0x70, 0x6f]

export function broken(what: string, at: number): PolicySupplyError {
  return new PolicySupplyError(
    'compile',
    `policy.wasm is broken at byte ${at}: ${what}. Build it with "opa build -t wasm"`,
  )
}

export function unmeterable(what: string): PolicySupplyError {
  return new PolicySupplyError(
    'compile',
    `policy.wasm ${what}, so it cannot be metered. Build it with "opa build -t wasm"`,
  )
}
