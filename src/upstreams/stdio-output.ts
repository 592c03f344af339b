import type { Readable } from 'node:stream'
import { createLineSplitter } from '../wire/ndjson.js'
import { createChatter } from './stdio-chatter.js'

/** The stdout of a child, read as lines, with backpressure. */
export interface Output {
  /** Stops reading for this reason, until every reason was released. */
  readonly hold: (reason: object) => void
  readonly release: (reason: object) => void
  /** The process has ended: what is still in the pipe is read whatever the reasons. */
  drain(): void
  /** Reads what waits for its line end as a line, and stops. */
  close(): void
}

export interface OutputParts {
  readonly maxMessageBytes: number
  /** @returns whether the line is a message; any other is said */
  readonly line: (line: Buffer) => boolean
  /** The line under way is longer than a message may be; nothing comes after it. */
  readonly lineTooLong: () => void
  readonly say: (line: string) => void
}

export function readOutput(stdout: Readable, parts: OutputParts): Output {
  const { maxMessageBytes, say } = parts
  const splitter = createLineSplitter()
  const holders = new Set<object>()
  let state: 'reading' | 'draining' | 'deaf' = 'reading'

  const hold = (reason: object): void => {
    holders.add(reason)
    if (state === 'reading') stdout.pause()
  }
  const release = (reason: object): void => {
    if (holders.delete(reason) && holders.size === 0) stdout.resume()
  }
  const noise = createChatter({ say, pause: () => hold(noise), resume: () => release(noise) })

  const deafen = (): void => {
    state = 'deaf'
    parts.lineTooLong()
  }
  const hear = (line: Buffer): void => {
    if (state === 'deaf') return
    if (line.length > maxMessageBytes) deafen()
    else if (!parts.line(line)) noise.hearLine(line)
  }

  stdout.on('data', (chunk: Buffer) => {
    if (state === 'deaf') return
    for (const line of splitter.push(chunk)) hear(line)
    if (splitter.pendingBytes > maxMessageBytes) deafen()
  })

  return {
    hold,
    release,
    drain() {
      if (state === 'reading') state = 'draining'
      stdout.resume()
    },
    close() {
      const rest = splitter.flush()
      if (rest !== undefined) hear(rest)
      noise.close()
      stdout.destroy()
    },
  }
}
