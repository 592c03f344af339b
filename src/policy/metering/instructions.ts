import type { Cursor } from './wasm-reader.js'
import {
  readByte,
  readU32,
  readValueType,
  skipBytes,
  skipInteger,
  unmeterable,
} from './wasm-reader.js'

/** The instructions that metering looks at; of all others only the length and the weight matter. */
export const opcode = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  branch: 0x0c,
  branchIf: 0x0d,
  branchTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  noResult: 0x40,
  i64Const: 0x42,
  i64LtS: 0x53,
  i64Sub: 0x7d,
  bulk: 0xfc,
} as const

/** Of an instruction behind the prefix `bulk`, whether it takes as long as the range that it is given. */
export function takesRange(second: number): boolean {
  return second === 8 || second === 10 || second === 11
}

/**
 * Moves behind the immediates of an instruction whose opcode was read; gives the second opcode of a prefixed one, else 0.
 * @throws PolicySupplyError `compile` when the instruction is not known, or cannot be metered
 */
export function skipImmediates(cursor: Cursor, code: number): number {
  switch (shapes[code] ?? 'refused') {
    case 'none':
      return 0
    case 'integer':
      skipInteger(cursor)
      return 0
    case 'two integers':
      skipInteger(cursor)
      skipInteger(cursor)
      return 0
    case 'block type':
      skipBlockType(cursor)
      return 0
    case 'address':
      skipAddress(cursor)
      return 0
    case 'four bytes':
      skipBytes(cursor, 4)
      return 0
    case 'eight bytes':
      skipBytes(cursor, 8)
      return 0
    case 'types':
      for (let left = readU32(cursor); left > 0; left -= 1) readValueType(cursor)
      return 0
    case 'labels':
      for (let left = readU32(cursor); left >= 0; left -= 1) skipInteger(cursor)
      return 0
    case 'bulk':
      return skipBulk(cursor)
    case 'vector':
      return skipVector(cursor)
    case 'refused':
      throw unmeterable(`has ${refused[code] ?? 'an instruction'} (opcode ${hexadecimal(code)})`)
  }
}

/** Moves behind the expression of a global's first value. */
export function skipExpression(cursor: Cursor): void {
  for (let code = readByte(cursor); code !== opcode.end; code = readByte(cursor)) {
    skipImmediates(cursor, code)
  }
}

type Shape =
  | 'none'
  | 'integer'
  | 'two integers'
  | 'block type'
  | 'address'
  | 'four bytes'
  | 'eight bytes'
  | 'types'
  | 'labels'
  | 'bulk'
  | 'vector'
  | 'refused'

const shapes = shapesByOpcode([
  [0x00, 0x01, 'none'], // unreachable, nop
  [0x02, 0x04, 'block type'], // block, loop, if
  [0x05, 0x05, 'none'], // else
  [0x0b, 0x0b, 'none'], // end
  [0x0c, 0x0d, 'integer'], // br, br_if
  [0x0e, 0x0e, 'labels'], // br_table
  [0x0f, 0x0f, 'none'], // return
  [0x10, 0x10, 'integer'], // call
  [0x11, 0x11, 'two integers'], // call_indirect
  [0x1a, 0x1b, 'none'], // drop, select
  [0x1c, 0x1c, 'types'], // select with types
  [0x20, 0x25, 'integer'], // local.*, global.*, table.get
  [0x28, 0x3e, 'address'], // loads, stores
  [0x3f, 0x42, 'integer'], // memory.size, memory.grow, i32.const, i64.const
  [0x43, 0x43, 'four bytes'], // f32.const
  [0x44, 0x44, 'eight bytes'], // f64.const
  [0x45, 0xc4, 'none'], // arithmetic, sign extension
  [0xd0, 0xd0, 'integer'], // ref.null
  [0xd1, 0xd1, 'none'], // ref.is_null
  [0xd2, 0xd2, 'integer'], // ref.func
  [0xfc, 0xfc, 'bulk'],
  [0xfd, 0xfd, 'vector'],
])

function shapesByOpcode(
  ranges: readonly (readonly [first: number, last: number, shape: Shape])[],
): readonly Shape[] {
  const shapes = Array<Shape>(256).fill('refused')
  for (const [first, last, shape] of ranges) shapes.fill(shape, first, last + 1)
  return shapes
}

/** What WebAssembly has besides, by the opcode: named in the refusal. */
const refused: Readonly<Record<number, string>> = {
  0x06: 'try',
  0x07: 'catch',
  0x08: 'throw',
  0x09: 'rethrow',
  0x0a: 'throw_ref',
  0x12: 'return_call',
  0x13: 'return_call_indirect',
  0x14: 'call_ref',
  0x15: 'return_call_ref',
  0x18: 'delegate',
  0x19: 'catch_all',
  0x1f: 'try_table',
  0x26: 'table.set',
  0xfb: 'garbage collection',
  0xfe: 'atomic access',
}

function hexadecimal(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`
}

/** None, a value type, or the index of a type. */
function skipBlockType(cursor: Cursor): void {
  const byte = cursor.bytes[cursor.at]
  if (byte === opcode.noResult) skipBytes(cursor, 1)
  else if (byte !== undefined && isNegative(byte)) readValueType(cursor)
  else skipInteger(cursor)
}

/** Of the first byte of an integer in signed LEB128: whether it is the last too, and has the sign. */
function isNegative(byte: number): boolean {
  return byte < 0x80 && byte >= 0x40
}

function skipAddress(cursor: Cursor): void {
  if (readU32(cursor) >= otherMemoryFlag) throw unmeterable('has more than one memory')
  skipInteger(cursor)
}

// In the alignment of a load or store: the number of a memory follows.
const otherMemoryFlag = 0x40

function skipBulk(cursor: Cursor): number {
  const code = readU32(cursor)
  const integers = bulkIntegers[code]
  if (integers === undefined) {
    throw unmeterable(`has ${lasting[code] ?? 'an instruction'} (opcode 0xfc ${hexadecimal(code)})`)
  }
  for (let left = integers; left > 0; left -= 1) skipInteger(cursor)
  return code
}

/** How many immediates follow: saturating truncations have none, memory.init and memory.copy two, memory.fill and table.size one. */
const bulkIntegers: Readonly<Record<number, number>> = {
  ...{ 0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0 },
  ...{ 8: 2, 10: 2, 11: 1, 16: 1 },
}

// What is in a table, and which segments were dropped, no snapshot of memory and globals puts back.
const lasting: Readonly<Record<number, string>> = {
  9: 'data.drop',
  12: 'table.init',
  13: 'elem.drop',
  14: 'table.copy',
  15: 'table.grow',
  17: 'table.fill',
}

function skipVector(cursor: Cursor): number {
  const code = readU32(cursor)
  if (code > 0xff) throw unmeterable(`has relaxed SIMD (opcode 0xfd ${hexadecimal(code)})`)
  if (code <= 11 || (code >= 84 && code <= 93)) skipAddress(cursor)
  if (code === 12 || code === 13) skipBytes(cursor, 16)
  if ((code >= 21 && code <= 34) || (code >= 84 && code <= 91)) skipBytes(cursor, 1)
  return code
}
