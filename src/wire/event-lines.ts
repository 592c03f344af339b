export const lineFeed = 0x0a
export const carriageReturn = 0x0d

/** A line: its content is `start` to `end`, the next one begins at `next`. */
export interface Line {
  readonly start: number
  readonly end: number
  readonly next: number
}

/** The lines of `bytes`, the last one without a line end, which may be empty. */
export function* linesOf(bytes: Buffer): Generator<Line, void, undefined> {
  const lineEnd = lineEndsOf(bytes)
  let start = 0
  for (;;) {
    const end = lineEnd(start)
    const next = afterLineEnd(bytes, end)
    yield { start, end, next }
    if (next === end) return
    start = next
  }
}

/**
 * Finds where the line that goes on at `from` ends: at CR, at LF, or at the end of the bytes. To be asked from front
 * to back; each byte is then looked at twice at most, however many lines there are.
 */
export function lineEndsOf(bytes: Buffer): (from: number) => number {
  let feed = -1
  let carriage = -1
  return (from) => {
    if (feed < from) feed = placeOf(lineFeed, bytes, from)
    if (carriage < from) carriage = placeOf(carriageReturn, bytes, from)
    return Math.min(feed, carriage)
  }
}

function placeOf(byte: number, bytes: Buffer, from: number): number {
  const place = bytes.indexOf(byte, from)
  return place === -1 ? bytes.length : place
}

/** Where the next line begins, when one ends at `end` with CR, LF or CR LF; `end` itself where the bytes end. */
export function afterLineEnd(bytes: Buffer, end: number): number {
  if (end === bytes.length) return end
  return bytes[end] === carriageReturn && bytes[end + 1] === lineFeed ? end + 2 : end + 1
}
