import { createHeldBytes } from './held-bytes.js'

/** Cuts a stream into lines, in time linear in its length however it comes in chunks. */
export interface LineSplitter {
  /** The lines that this chunk completes, without their line ends; empty ones are left out. */
  push(chunk: Buffer): Buffer[]
  /** What is left when the stream has ended without a line end; undefined where nothing is. */
  flush(): Buffer | undefined
  /** Bytes that wait for the rest of their line. */
  readonly pendingBytes: number
}

/** A splitter for one stream of newline-delimited messages (MCP, stdio transport). A line may end in CR LF too. */
export function createLineSplitter(): LineSplitter {
  const held = createHeldBytes()
  return {
    push(chunk) {
      const lines: Buffer[] = []
      let at = 0
      for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, at)) {
        const line = withoutReturn(held.takeWith(chunk.subarray(at, end)))
        if (line.length > 0) lines.push(line)
        at = end + 1
      }
      if (at < chunk.length) held.add(chunk.subarray(at))
      return lines
    },
    flush() {
      const rest = withoutReturn(held.takeWith(nothing))
      return rest.length === 0 ? undefined : rest
    },
    get pendingBytes() {
      return held.length
    },
  }
}

/** The JSON text on one line: a line end in a valid text is white space, and becomes a space. The rest stays. */
export function onOneLine(text: Buffer): Buffer {
  if (!text.includes(lineFeed) && !text.includes(carriageReturn)) return text
  const line = Buffer.from(text)
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === lineFeed || line[at] === carriageReturn) line[at] = space
  }
  return line
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
const space = 0x20
const nothing = Buffer.alloc(0)

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line
}
