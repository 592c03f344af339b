import type { Missed, Trial } from '../domain/candidate.js'
import type { Chunks } from '../domain/reply.js'

/** A body as it comes, and once it has passed all of it, or why it could not be kept. */
export function teedChunks(
  body: Chunks,
  maxBytes: number,
  memory: Pick<Trial, 'hold' | 'letGo'>,
  onEnd: (kept: Buffer | Missed) => void,
): Chunks {
  const copy = createCopy(maxBytes, memory)
  return {
    read: async () => {
      try {
        const chunk = await body.read()
        if (chunk === undefined) onEnd(copy.take())
        else copy.add(chunk)
        return chunk
      } catch (thrown) {
        copy.discard()
        throw thrown
      }
    },
    cancel: () => {
      copy.discard()
      body.cancel()
    },
  }
}

function createCopy(maxBytes: number, memory: Pick<Trial, 'hold' | 'letGo'>) {
  let kept: Buffer[] = []
  let length = 0
  let missed: Missed | undefined

  function discard(): void {
    memory.letGo(length)
    kept = []
    length = 0
  }

  function giveUp(why: Missed): void {
    discard()
    missed = why
  }

  return {
    discard,
    add(chunk: Buffer): void {
      if (missed !== undefined) return
      if (length + chunk.length > maxBytes) giveUp('too_large')
      else if (!memory.hold(chunk.length)) giveUp('busy')
      else {
        kept.push(chunk)
        length += chunk.length
      }
    },
    take(): Buffer | Missed {
      if (missed !== undefined) return missed
      const text = Buffer.concat(kept, length)
      discard()
      return text
    },
  }
}
