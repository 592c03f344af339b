import type { Readable } from 'node:stream'
import { createLineSplitter } from '../wire/ndjson.js'

/** A line of the host: a message, or one that is longer than a message may be, of which nothing was kept. */
export type InputLine = Buffer | 'too_long'

/** Hands each line to `take` and reads on when that has resolved; resolves when the host has closed its end. */
export async function readLines(
  input: Readable,
  maxLineBytes: number,
  take: (line: InputLine) => Promise<void>,
): Promise<void> {
  const cut = createCutter(maxLineBytes)
  try {
    for await (const chunk of input) {
      for (const line of cut.push(chunk as Buffer)) await take(line)
    }
  } catch {
    // A pipe that breaks is closed as well.
  }
  const rest = cut.flush()
  if (rest !== undefined) await take(rest)
}

/** Lines within their limit; the rest of a line that is over it is passed by. */
function createCutter(maxLineBytes: number) {
  let splitter = createLineSplitter()
  let isPassingBy = false

  const behindLongLine = (chunk: Buffer): Buffer => {
    const end = chunk.indexOf(lineFeed)
    isPassingBy = end === -1
    return chunk.subarray(end === -1 ? chunk.length : end + 1)
  }

  const within = (line: Buffer): InputLine => (line.length > maxLineBytes ? 'too_long' : line)

  return {
    push: (chunk: Buffer): InputLine[] => {
      const lines: InputLine[] = splitter
        .push(isPassingBy ? behindLongLine(chunk) : chunk)
        .map(within)
      if (splitter.pendingBytes > maxLineBytes) {
        splitter = createLineSplitter()
        isPassingBy = true
        lines.push('too_long')
      }
      return lines
    },
    flush: (): InputLine | undefined => {
      const rest = splitter.flush()
      return rest === undefined ? undefined : within(rest)
    },
  }
}

const lineFeed = 0x0a
