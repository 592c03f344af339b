import type { Answer, RefusedAnswer } from '../domain/answer.js'
import type { Candidate, Trial } from '../domain/candidate.js'
import type { Pipeline } from '../domain/ports.js'
import type { Chunks } from '../domain/reply.js'
import type { PipelineParts } from './parts.js'

/** The pipeline, with the calls of the sample shown to the candidate. What becomes of the calls is the same. */
export function onTrial(
  parts: PipelineParts,
  candidate: Candidate,
  pipelineOf: (parts: PipelineParts) => Pipeline,
): Pipeline {
  const plain = pipelineOf(parts)
  return {
    handle: async (call, hangUp) => {
      const trial = candidate.follow(call)
      if (trial === undefined) return plain.handle(call, hangUp)
      try {
        const { answer, calls } = await pipelineOf({ ...parts, trial }).handle(call, hangUp)
        return { answer: followed(answer, trial), calls }
      } catch (thrown) {
        trial.answered()
        throw thrown
      }
    },
    listen: async (call, hangUp) => {
      const trial = candidate.follow(call)
      if (trial === undefined) return plain.listen(call, hangUp)
      trial.answered()
      return pipelineOf({ ...parts, trial }).listen(call, hangUp)
    },
    end: (call, hangUp) => plain.end(call, hangUp),
  }
}

/** A stream may last for days: each of its messages is an answer by itself. */
function followed<A extends Answer | RefusedAnswer>(answer: A, trial: Trial): A {
  if (answer.type === 'piped' && !isStream(answer.headers)) {
    return { ...answer, chunks: answeredAtEnd(answer.chunks, trial) }
  }
  trial.answered()
  return answer
}

function isStream(headers: readonly (readonly [string, string])[]): boolean {
  return headers.some(([name, value]) => name === 'content-type' && /event-stream/i.test(value))
}

function answeredAtEnd(chunks: Chunks, trial: Trial): Chunks {
  return {
    read: async () => {
      try {
        const chunk = await chunks.read()
        if (chunk === undefined) trial.answered()
        return chunk
      } catch (thrown) {
        trial.answered()
        throw thrown
      }
    },
    cancel: () => {
      trial.answered()
      chunks.cancel()
    },
  }
}
