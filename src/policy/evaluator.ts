import { worstInputRoom } from './rego.js'
import type { RegoInstance, RegoModule } from './rego.js'

/** Evaluates one module over one data document, whatever the single evaluations do to their instances. */
export interface RegoEvaluator {
  /**
   * The result set of the entrypoint as JSON text; `[]` where policy leaves it undefined.
   * @throws RegoFault
   */
  evaluate(entrypoint: string, document: Uint8Array): string
  /** Puts the spare into use and what was in use aside: an instance is slow until it has been used some times. */
  exchange(): void
}

/**
 * Holds one instance in use and one spare, so that a fault costs the call that provoked it and nothing else.
 * @throws PolicySupplyError `check` when the data cannot be loaded
 */
export function createRegoEvaluator(parts: {
  readonly module: RegoModule
  readonly data: Buffer
  readonly maxInputBytes: number
}): RegoEvaluator {
  const { module, data, maxInputBytes } = parts
  const mostRoom = worstInputRoom(maxInputBytes)
  // Memory grows page by page, and V8 collects garbage all the while: seconds for a large input. What one
  // instance had to grow to, the next ones begin with, so that it happens once and cannot be provoked again.
  let roomBytes = 0
  const instantiate = () => module.instantiate({ data, maxInputBytes, roomBytes })
  let live: RegoInstance | undefined = instantiate()
  let spare: RegoInstance | undefined = instantiate()

  function discardLive(): void {
    live = spare
    spare = undefined
    setImmediate(makeSpare)
  }

  function makeSpare(): void {
    try {
      spare ??= instantiate()
    } catch {
      // Out of memory for the moment: the evaluation that needs an instance makes it, or fails by itself.
    }
  }

  return {
    evaluate(entrypoint, document) {
      const instance = (live ??= instantiate())
      let kept = false
      try {
        const value = instance.evaluate(entrypoint, document)
        // No input explains more than this: what the policy itself used up is given back.
        kept = instance.roomBytes() <= mostRoom
        return value
      } finally {
        roomBytes = Math.max(roomBytes, Math.min(instance.roomBytes(), mostRoom))
        if (!kept) discardLive()
      }
    },
    exchange() {
      if (spare !== undefined) [live, spare] = [spare, live]
    },
  }
}
