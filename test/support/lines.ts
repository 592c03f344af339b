import { createInterface } from 'node:readline'

/** The lines of a stream, as they come. */
export interface Lines {
  readonly lines: readonly string[]
  /** Resolves with the first line, old or new, that satisfies the condition. */
  seen(condition: (line: string) => boolean): Promise<string>
}

export function follow(stream: NodeJS.ReadableStream): Lines {
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const reader = createInterface({ input: stream })
  reader.on('line', (line) => {
    lines.push(line)
    for (const look of waiting) look()
  })
  // How a stream breaks is for the test to see elsewhere.
  reader.on('error', () => undefined)
  const seen = (condition: (line: string) => boolean): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        const line = lines.find(condition)
        if (line === undefined) return
        waiting.delete(look)
        resolve(line)
      }
      waiting.add(look)
      look()
    })
  return { lines, seen }
}
