import { runtime } from '../../../src/policy/rego-runtime.js'
import type { WasmGlobal } from '../../../src/policy/rego-runtime.js'

interface Opa {
  readonly opa_malloc: (bytes: number) => number
  readonly opa_json_parse: (address: number, bytes: number) => number
  readonly opa_heap_ptr_get: () => number
  readonly opa_heap_ptr_set: (address: number) => void
  readonly opa_eval: (...args: readonly number[]) => number
}

/** The least that can evaluate a policy, metered or not: so that what is compared is the module and nothing around it. */
export interface OpaHost {
  /** The text of the result set, or of what the module aborted with. */
  readonly evaluate: (input: string, entrypoint?: number) => string
  readonly global: (name: string) => WasmGlobal<number>
  /** There where the module is metered. */
  readonly fuel: WasmGlobal<bigint>
  readonly bytes: () => Buffer
  /** Puts everything back to how it was before the first evaluation. */
  readonly restore: () => void
}

export async function openHost(wasm: Buffer, data: Buffer): Promise<OpaHost> {
  const memory = new runtime.Memory({ initial: 64, maximum: 4096 })
  const bytes = () => Buffer.from(memory.buffer)
  const textAt = (start: number) => bytes().toString('utf8', start, bytes().indexOf(0, start))
  const abort = (address: number) => {
    throw new Error(textAt(address))
  }
  const env = { memory, opa_abort: abort, opa_println: () => 0, ...withoutBuiltins() }
  const instance = new runtime.Instance(await runtime.compile(wasm), { env })
  const opa = instance.exports as unknown as Opa
  const global = (name: string) => instance.exports[name] as WasmGlobal<number>

  function store(text: Buffer): number {
    const address = opa.opa_malloc(text.length)
    bytes().set(text, address)
    return address
  }

  const dataAddress = opa.opa_json_parse(store(data), data.length)
  const heap = opa.opa_heap_ptr_get()
  const low = Buffer.from(bytes().subarray(0, heap))
  const stack = instance.exports['portcullis.g0'] === undefined ? 0 : global('portcullis.g0').value
  const pages =
    instance.exports['portcullis.pages'] === undefined ? 0 : global('portcullis.pages').value

  return {
    global,
    fuel: instance.exports['portcullis.fuel'] as WasmGlobal<bigint>,
    bytes,
    evaluate(input, entrypoint = 0) {
      const text = Buffer.from(input)
      opa.opa_heap_ptr_set(heap)
      const address = store(text)
      try {
        const end = opa.opa_heap_ptr_get()
        return textAt(opa.opa_eval(0, entrypoint, dataAddress, address, text.length, end, 0))
      } catch (thrown) {
        return thrown instanceof Error ? thrown.message : String(thrown)
      }
    },
    restore() {
      bytes().set(low, 0)
      global('portcullis.g0').value = stack
      global('portcullis.pages').value = pages
      global('portcullis.refused_pages').value = 0
    },
  }
}

function withoutBuiltins() {
  const missing = () => {
    throw new Error('no builtin')
  }
  return Object.fromEntries([0, 1, 2, 3, 4].map((count) => [`opa_builtin${count}`, missing]))
}
