import type { Readable } from 'node:stream'
import { createChatter } from './stdio-chatter.js'
import { createLineCutter, type LongLine } from './stdio-lines.js'

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
  /** @returns whether what comes after it is wanted */
  readonly lineTooLong: (line: LongLine) => boolean
  readonly say: (line: string) => void
}

export function readOutput(stdout: Readable, parts: OutputParts): Output {
  const { maxMessageBytes, say } = parts
  const cutter = createLineCutter(maxMessageBytes)
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

  const hear = (line: Buffer | LongLine): void => {
    if (state === 'deaf') return
    if (Buffer.isBuffer(line)) {
      if (!parts.line(line)) noise.hearLine(line)
    } else if (!parts.lineTooLong(line)) state = 'deaf'
  }

  stdout.on('data', (chunk: Buffer) => {
    if (state === 'deaf') return
    for (const line of cutter.push(chunk)) hear(line)
  })

  return {
    hold,
    release,
    drain() {
      if (state === 'reading') state = 'draining'
      stdout.resume()
    },
    close() {
      const rest = cutter.flush()
      if (rest !== undefined) hear(rest)
      noise.close()
      stdout.destroy()
    },
  }
}
