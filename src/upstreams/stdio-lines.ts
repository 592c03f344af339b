import { createLineSplitter } from '../wire/ndjson.js'

/** A line that is longer than a message may be: nothing of it was kept but how it begins and ends. */
export interface LongLine {
  readonly head: Buffer
  /** Where it is endless, as far as it has come. */
  readonly tail: Buffer
  /** So long that nobody waits for its end: nothing after it is read. */
  readonly isEndless: boolean
}

/** Cuts a stream into lines of at most `maxBytes`. */
export interface LineCutter {
  push(chunk: Buffer): readonly (Buffer | LongLine)[]
  /** What waits for its line end when the stream has ended. */
  flush(): Buffer | undefined
}

/** How many times as long as allowed a line may be and still be passed by. */
const endlessTimes = 8
const edgeBytes = 256

export function createLineCutter(maxBytes: number): LineCutter {
  const splitter = createLineSplitter()
  let passed: { readonly head: Buffer; tail: Buffer; bytes: number } | undefined

  const passBy = (
    chunk: Buffer,
  ): { readonly line: LongLine | undefined; readonly rest: Buffer } => {
    if (passed === undefined) return { line: undefined, rest: chunk }
    const end = chunk.indexOf(lineFeed)
    const part = end === -1 ? chunk : chunk.subarray(0, end)
    passed.bytes += part.length
    passed.tail = lastOf(Buffer.concat([passed.tail, lastOf(part)]))
    const { head, tail, bytes } = passed
    const isEndless = bytes > endlessTimes * maxBytes
    if (end === -1 && !isEndless) return { line: undefined, rest: part.subarray(part.length) }
    passed = undefined
    return { line: { head, tail, isEndless }, rest: chunk.subarray(part.length) }
  }

  const within = (line: Buffer): Buffer | LongLine =>
    line.length > maxBytes ? { head: firstOf(line), tail: lastOf(line), isEndless: false } : line

  return {
    push(chunk) {
      const { line, rest } = passBy(chunk)
      if (line?.isEndless === true) return [line]
      const lines = splitter.push(rest).map(within)
      // The last of them may be half of a line end.
      if (splitter.pendingBytes > maxBytes + 1) {
        const begun = splitter.flush() ?? rest
        passed = { head: firstOf(begun), tail: lastOf(begun), bytes: begun.length }
      }
      return line === undefined ? lines : [line, ...lines]
    },
    flush: () => splitter.flush(),
  }
}

/** The id of the request that such a line answers, as far as it can be told: where it stands first or last. */
export function answeredBy({ head, tail }: LongLine): number | undefined {
  const id = idFirst.exec(head.toString('latin1'))?.[1] ?? idLast.exec(tail.toString('latin1'))?.[1]
  return id === undefined ? undefined : Number(id)
}

const idFirst =
  /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,15})\s*,\s*"(?:result|error)"/
const idLast = /,\s*"id"\s*:\s*(\d{1,15})\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/

/** Copies, since a part would keep the whole. */
function firstOf(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, edgeBytes))
}

function lastOf(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(Math.max(0, bytes.length - edgeBytes)))
}

const lineFeed = 0x0a
