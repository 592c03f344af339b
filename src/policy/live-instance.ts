import type { RegoInstance } from './rego-instance.js'
import { pageBytes } from './rego-runtime.js'
import {
  instantiateLike,
  instantiateWithData,
  pagesAtMost,
  restore,
  restoreVariables,
  worstInputRoom,
} from './rego-snapshot.js'
import type { RegoSnapshot } from './rego-snapshot.js'
import type { RegoModule } from './rego.js'

/** An instance, and how it is between two evaluations. */
export interface Live {
  readonly instance: RegoInstance
  readonly snapshot: RegoSnapshot
}

/** The instance that evaluations are made in, whatever they do to it. */
export interface LiveInstance {
  current(): Live
  /** Makes what was used fit for use again, however that ended. */
  mend(used: Live): void
  /** The same for what ended well, at less cost where it has not grown. */
  tidy(used: Live): void
  /** From now on it is kept only as long as nobody wants its memory, and made anew when it is asked for. */
  release(): void
}

export interface LiveInstanceParts extends Live {
  readonly module: RegoModule
  /** The text of the data document. */
  readonly data: Uint8Array
  readonly maxInputBytes: number
}

export function createLiveInstance(parts: LiveInstanceParts): LiveInstance {
  const { module, data, maxInputBytes } = parts
  let kept: Live | undefined = limited(parts, maxInputBytes)
  let released: WeakRef<Live> | undefined

  function replace(next: Live): void {
    if (kept === undefined) released = new WeakRef(next)
    else kept = next
  }

  function mend(used: Live): void {
    restore(used.instance, used.snapshot)
    if (isBloated(used, maxInputBytes)) replace(remade(module, used, maxInputBytes))
  }

  return {
    current() {
      const there = kept ?? released?.deref()
      if (there !== undefined) return there
      const made = limited(instantiateWithData(module, data, maxInputBytes), maxInputBytes)
      replace(made)
      return made
    },
    mend,
    tidy(used) {
      const { instance, snapshot } = used
      if (instance.meters.pages.value === snapshot.pages) restoreVariables(instance, snapshot)
      else mend(used)
    },
    release() {
      if (kept !== undefined) released = new WeakRef(kept)
      kept = undefined
    },
  }
}

function limited({ instance, snapshot }: Live, maxInputBytes: number): Live {
  instance.meters.maxPages.value = pagesAtMost(snapshot, maxInputBytes)
  return { instance, snapshot }
}

/** Whether it keeps more memory than any input explains, and is cheap to make anew. */
function isBloated({ instance, snapshot }: Live, maxInputBytes: number): boolean {
  const explained = snapshot.pages * pageBytes + worstInputRoom(maxInputBytes)
  const dataBytes = snapshot.dataEnd - snapshot.dataStart
  return instance.memory.bytes().length > explained && dataBytes <= cheapDataBytes
}

// Copied in about a millisecond.
const cheapDataBytes = 4 << 20

/** The same in a memory of the first size, or itself where there is no memory for that at the moment. */
function remade(module: RegoModule, live: Live, maxInputBytes: number): Live {
  const { instance, snapshot } = live
  try {
    const fresh = instantiateLike(module, snapshot, maxInputBytes)
    const data = instance.memory.bytes().subarray(snapshot.dataStart, snapshot.dataEnd)
    fresh.memory.bytes().set(data, snapshot.dataStart)
    return limited({ instance: fresh, snapshot }, maxInputBytes)
  } catch {
    return live
  }
}
