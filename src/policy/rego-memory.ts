import { RegoFault } from './rego-fault.js'
import { runtime } from './rego-runtime.js'
import type { WasmMemory } from './rego-runtime.js'

/** The memory of one instance as bytes. Addresses may be signed, as WASM gives them. */
export interface RegoMemory {
  readonly wasm: WasmMemory
  /** Another one whenever the memory has grown: not to be kept. */
  bytes(): Buffer
  write(text: string, address: number): void
  /**
   * The text that ends with NUL.
   * @throws RegoFault `trap` where there is none, `result_too_large` when it is longer than that many bytes
   */
  textAt(address: number, longest?: number): string
}

export function createRegoMemory(limits: {
  readonly initial: number
  readonly maximum: number
}): RegoMemory {
  const wasm = new runtime.Memory(limits)
  let view = Buffer.from(wasm.buffer)

  // Growth detaches the buffer, and leaves a view of nothing.
  function bytes(): Buffer {
    if (view.length === 0) view = Buffer.from(wasm.buffer)
    return view
  }

  return {
    wasm,
    bytes,
    write: (text, address) => void bytes().write(text, address >>> 0),
    textAt(address, longest = Infinity) {
      const memory = bytes()
      const start = address >>> 0
      const end = memory.indexOf(0, start)
      if (end === -1) throw new RegoFault('trap', 'a text has no end', '')
      if (end - start > longest) {
        throw new RegoFault('result_too_large', `the result is over ${longest} bytes`, '')
      }
      return memory.toString('utf8', start, end)
    },
  }
}
