import { opcode } from './metering/instructions.js'
import { readLayout } from './metering/layout.js'
import { createCursor, readByte, readU32, skipBytes } from './metering/wasm-reader.js'
import type { Cursor } from './metering/wasm-reader.js'

/**
 * Where the variables of a module begin in its memory: behind its lowest data, which in a policy are the constants of
 * OPA's library. What lies below, the stack included, no evaluation of such a module hands on to the next. 0 for a module
 * that says nothing of it.
 */
export function variablesStartOf(wasm: Buffer): number {
  const section = readLayout(wasm).sections.find(({ id }) => id === dataSection)
  if (section === undefined) return 0
  const cursor = createCursor(section.bytes, section.start, section.end)
  let lowest: Segment | undefined
  for (let left = readU32(cursor); left > 0; left -= 1) {
    const segment = readSegment(cursor)
    if (segment === undefined) return 0
    if (lowest === undefined || segment.start < lowest.start) lowest = segment
  }
  return lowest?.end ?? 0
}

const dataSection = 11

interface Segment {
  readonly start: number
  readonly end: number
}

/** Undefined where it is of another form than those of compilers. */
function readSegment(cursor: Cursor): Segment | undefined {
  if (readU32(cursor) !== atConstant || readByte(cursor) !== i32Const) return undefined
  const start = readU32(cursor)
  if (readByte(cursor) !== opcode.end) return undefined
  const length = readU32(cursor)
  skipBytes(cursor, length)
  return { start, end: start + length }
}

/** The form of a segment that is put where its expression says. */
const atConstant = 0
const i32Const = 0x41
