/** What a child says besides the protocol, within bounds: however much that is, little of it costs anything here. */
export interface Chatter {
  /** Bytes in which lines are still to be found. */
  hear(chunk: Buffer): void
  /** One whole line. */
  hearLine(line: Buffer): void
  /** Says what is left and stops. */
  close(): void
}

export interface ChatterParts {
  readonly say: (line: string) => void
  /** Stops reading until `resume`: more has come in this second than anybody wants to read. */
  readonly pause: () => void
  readonly resume: () => void
}

const windowMs = 1_000
const linesAWindow = 100
const bytesAWindow = 1024 * 1024
const longestLine = 2_048

export function createChatter({ say, pause, resume }: ChatterParts): Chatter {
  let line: Buffer[] = []
  let lineBytes = 0
  let said = 0
  let leftOut = 0
  let bytes = 0
  let paused = false
  let timer: NodeJS.Timeout | undefined

  const endWindow = (): void => {
    timer = undefined
    if (leftOut > 0) say(`${leftOut} lines left out`)
    said = 0
    leftOut = 0
    bytes = 0
    if (paused) resume()
    paused = false
  }

  const spend = (length: number): void => {
    timer ??= setTimeout(endWindow, windowMs).unref()
    bytes += length
    if (bytes <= bytesAWindow || paused) return
    paused = true
    pause()
  }

  const collect = (part: Buffer): void => {
    const room = longestLine - lineBytes
    if (room <= 0 || part.length === 0) return
    const kept = Buffer.from(part.subarray(0, room))
    line.push(kept)
    lineBytes += kept.length
  }

  const endLine = (): void => {
    const text = Buffer.concat(line, lineBytes).toString('utf8').trimEnd()
    line = []
    lineBytes = 0
    if (text === '') return
    if (said < linesAWindow) {
      said += 1
      say(text)
    } else {
      leftOut += 1
    }
  }

  /** The lines of a flood are only counted. */
  const skipLines = (chunk: Buffer, from: number): void => {
    let begin = from
    for (let at = from; at < chunk.length; at += 1) {
      if (chunk[at] !== lineFeed) continue
      leftOut += 1
      begin = at + 1
    }
    collect(chunk.subarray(begin))
  }

  return {
    hear(chunk) {
      spend(chunk.length)
      let at = 0
      for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, at)) {
        collect(chunk.subarray(at, end))
        endLine()
        at = end + 1
        if (said < linesAWindow) continue
        skipLines(chunk, at)
        return
      }
      collect(chunk.subarray(at))
    },
    hearLine(text) {
      spend(text.length)
      collect(text)
      endLine()
    },
    close() {
      endLine()
      clearTimeout(timer)
      endWindow()
    },
  }
}

const lineFeed = 0x0a
