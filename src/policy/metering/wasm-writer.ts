/** A binary that grows at its end. */
export interface WasmWriter {
  byte(value: number): void
  bytes(values: readonly number[]): void
  /** Unsigned LEB128, of a number up to 2^32 - 1. */
  u32(value: number): void
  /** Signed LEB128, of a number that is not negative. */
  signed(value: number): void
  name(text: string): void
  copy(source: Buffer, start: number, end: number): void
  /** What `write` writes, with its length before it. */
  sized(write: () => void): void
  finish(): Buffer
}

export function createWriter(capacity: number): WasmWriter {
  let buffer = Buffer.allocUnsafe(Math.max(capacity, 64))
  let length = 0

  function reserve(bytes: number): void {
    if (length + bytes <= buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + bytes))
    buffer.copy(larger, 0, 0, length)
    buffer = larger
  }

  const writer: WasmWriter = {
    byte(value) {
      reserve(1)
      buffer[length] = value
      length += 1
    },
    bytes(values) {
      reserve(values.length)
      for (const value of values) {
        buffer[length] = value
        length += 1
      }
    },
    u32(value) {
      reserve(5)
      length = writeU32(buffer, length, value, 0x7f)
    },
    signed(value) {
      reserve(6)
      length = writeU32(buffer, length, value, 0x3f)
    },
    name(text) {
      const bytes = Buffer.from(text)
      writer.u32(bytes.length)
      writer.copy(bytes, 0, bytes.length)
    },
    copy(source, start, end) {
      reserve(end - start)
      source.copy(buffer, length, start, end)
      length += end - start
    },
    sized(write) {
      reserve(paddedBytes)
      reserve(paddedBytes)
      const start = length
      length += paddedBytes
      write()
      writePadded(buffer, start, length - start - paddedBytes)
    },
    finish: () => buffer.subarray(0, length),
  }
  return writer
}

// A length is known only after what it measures; LEB128 may be padded to the five bytes of the largest.
const paddedBytes = 5

function writePadded(buffer: Buffer, at: number, value: number): void {
  for (let index = 0; index < paddedBytes; index += 1) {
    const more = index < paddedBytes - 1 ? 0x80 : 0
    buffer[at + index] = ((value >>> (7 * index)) & 0x7f) | more
  }
}

function writeU32(buffer: Buffer, start: number, value: number, most: number): number {
  let at = start
  let rest = value
  while (rest > most) {
    buffer[at] = (rest & 0x7f) | 0x80
    at += 1
    rest >>>= 7
  }
  buffer[at] = rest
  return at + 1
}
