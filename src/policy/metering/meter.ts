import { PolicySupplyError } from '../../domain/errors.js'
import type { ModuleMemory } from './layout.js'
import { readLayout } from './layout.js'
import { rewriteModule } from './rewrite.js'

export { globalExport, meterExports, startFuel } from './names.js'

/**
 * A module that counts what it executes. The host's part:
 *
 * - Instantiation runs the module's start code, on `startFuel`, and may take memory. Afterwards set `maxPages` to what
 *   the data may take, and `fuel` generously, load the data, then take the snapshot: the memory's bytes and the values of
 *   `pages` and of every own mutable global. `pages` is 0 only as long as the module has asked nothing about its
 *   memory; it then stands for the memory's real size.
 * - Before a decision: `fuel` = what it may use, `maxPages` = how far it may grow, `refusedPages` = 0.
 * - After it: `pages` = the snapshot's (the next decision then grows into pages that are there already, and finds them zero, as
 *   a new page is). After a trap also: the globals and the memory below the heap = the snapshot's.
 * - What went wrong: `fuel` < 0 is a decision out of budget (it trapped with "unreachable"); `refusedPages` > 0 is one
 *   that asked for more memory, that many pages in all, than `maxPages` (or the real memory) has; its allocator aborts on that.
 * - The host writes below `pages` only, and lets the module's own allocator (`opa_malloc`) make room: the allocator
 *   knows nothing of pages that the host adds. The memory is to be made with a `maximum` of no less than the largest `maxPages`.
 */
export interface Metered {
  /** The new module. Its functions, types and globals keep their indices and names; what is added stands behind them. */
  readonly wasm: Buffer
  /** How many mutable globals the module itself has: exported as `globalExport(0)`, `globalExport(1)`, … */
  readonly mutableGlobals: number
  /** What the module says of its memory, in pages of 64 KiB. */
  readonly memory: ModuleMemory
}

/**
 * The module rewritten so that it counts what it executes and can be stopped, means the same in everything else, and
 * grows its memory by pages that the host can take back.
 * @throws PolicySupplyError `compile` when it is no valid module, or has what cannot be metered
 */
export function meterModule(wasm: Buffer): Metered {
  requireValid(wasm)
  const layout = readLayout(wasm)
  return {
    wasm: rewriteModule(wasm, layout),
    mutableGlobals: layout.mutableGlobals.length,
    memory: layout.memory,
  }
}

// What is used of a runtime whose types Node's own declarations leave out.
declare const WebAssembly: {
  validate(bytes: Buffer): boolean
  readonly Module: new (bytes: Buffer) => unknown
}

/**
 * A module that refers to what it does not have could, once rewritten, refer to what metering adds: its own fuel. So the
 * original must stand by itself.
 */
function requireValid(wasm: Buffer): void {
  if (WebAssembly.validate(wasm)) return
  throw new PolicySupplyError(
    'compile',
    'policy.wasm is not WebAssembly. Build the bundle with "opa build -t wasm"',
    { cause: reasonOf(wasm) },
  )
}

function reasonOf(wasm: Buffer): unknown {
  try {
    return new WebAssembly.Module(wasm)
  } catch (thrown) {
    return thrown
  }
}
