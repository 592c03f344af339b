/* global WebAssembly */
/**
 * The least that evaluates a policy: the same for the module as opa made it and for the metered one, so that what
 * differs is the guard alone.
 */
export function openModule(code, data) {
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 8192 })
  const refuse = () => {
    throw new Error('the benchmark offers no builtins')
  }
  const env = { memory, opa_println: () => 0, opa_abort: refuse }
  for (const count of [0, 1, 2, 3, 4]) env[`opa_builtin${count}`] = refuse
  const { exports } = new WebAssembly.Instance(code, { env })
  const dataAddress = exports.opa_json_parse(store(data), data.length)
  const heap = exports.opa_heap_ptr_get()

  function store(text) {
    const address = exports.opa_malloc(text.length)
    Buffer.from(memory.buffer).set(text, address)
    return address
  }

  function evaluate(input) {
    exports.opa_heap_ptr_set(heap)
    const address = store(input)
    const end = exports.opa_heap_ptr_get()
    const start = exports.opa_eval(0, 0, dataAddress, address, input.length, end, 0)
    const bytes = Buffer.from(memory.buffer)
    return bytes.toString('utf8', start, bytes.indexOf(0, start))
  }

  return { exports, memory, heap, evaluate }
}

/** A metered module, each evaluation of which may use so much fuel, and which goes on after it was stopped. */
export function openMetered(code, data) {
  const host = openModule(code, data)
  const { exports, memory, heap } = host
  const global = (name) => exports[`portcullis.${name}`]
  const low = Buffer.from(memory.buffer).subarray(0, heap)
  const snapshot = { low: Buffer.from(low), pages: global('pages').value, g0: global('g0').value }
  return {
    evaluate(input, fuel) {
      global('fuel').value = fuel
      return host.evaluate(input)
    },
    left: () => global('fuel').value,
    restore() {
      Buffer.from(memory.buffer).set(snapshot.low)
      global('pages').value = snapshot.pages
      global('g0').value = snapshot.g0
    },
  }
}
