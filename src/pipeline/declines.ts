import type { StreamRequest, Upstream } from '../domain/ports.js'
import type { PipelineEvents } from './parts.js'

/** Answers to requests of one server that policy refused. */
export interface Declines {
  /** Sends one. Whoever brings more requests than are being answered waits: each answer takes a connection. */
  send(stream: StreamRequest, text: Buffer): Promise<void>
}

const mostUnderWay = 64

export function createDeclines(parts: {
  readonly upstream: Upstream
  readonly events: Pick<PipelineEvents, 'upstreamFailed'>
}): Declines {
  const { upstream, events } = parts
  const waiting: (() => void)[] = []
  let underWay = 0

  const answer = async (stream: StreamRequest, text: Buffer): Promise<void> => {
    try {
      await upstream.answer(stream, text)
    } catch (thrown) {
      events.upstreamFailed(upstream.name, thrown)
    }
    underWay -= 1
    waiting.shift()?.()
  }

  return {
    send: async (stream, text) => {
      while (underWay >= mostUnderWay) await new Promise<void>((resolve) => waiting.push(resolve))
      underWay += 1
      void answer(stream, text)
    },
  }
}
