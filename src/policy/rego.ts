import * as opaWasm from '@open-policy-agent/opa-wasm'
import { PolicySupplyError } from '../domain/errors.js'
import { isJsonObject } from '../domain/json.js'
import { asRegoFault, RegoFault, textOf } from './rego-fault.js'

/** A compiled policy module, not yet bound to data. */
export interface RegoModule {
  /** Names that can be evaluated, such as `mcp/pre`. */
  readonly entrypoints: readonly string[]
  /** Builtins that the module expects of its host. */
  readonly builtins: readonly string[]
  /** The version of the interface between module and host, such as `1.3`. */
  readonly abi: string
  /** @throws PolicySupplyError `check` when the data cannot be loaded */
  instantiate(parts: InstanceParts): RegoInstance
}

export interface InstanceParts {
  /** The text of the data document. */
  readonly data: Buffer
  readonly maxInputBytes: number
  /** Memory to have from the start besides what data and input text take. */
  readonly roomBytes: number
}

/**
 * One evaluator with memory of its own. After any throw it must not be used again: what unwinds through WASM
 * leaks the module's stack, and after some hundred such leaks every evaluation fails.
 */
export interface RegoInstance {
  /**
   * The result set of the entrypoint as JSON text: `[{"result":…}]`, or `[]` where policy leaves it undefined.
   * `document` must be valid JSON: the module reads broken text as "no input" and says nothing.
   * @throws RegoFault
   */
  evaluate(entrypoint: string, document: Uint8Array): string
  /** Memory used besides what data and input text take; it never shrinks. */
  roomBytes(): number
}

/** Memory that the largest input may take once it is parsed: an array of one-digit numbers is the worst, at 94 times its text. */
export function worstInputRoom(maxInputBytes: number): number {
  return maxInputBytes * 100
}

/** @throws PolicySupplyError `compile` when it is not WebAssembly, `check` when it is not a policy of ABI 1.2 or later */
export async function compileRego(wasm: Buffer): Promise<RegoModule> {
  const module = await compileModule(wasm)
  const missing = requiredExports.filter((name) => !exportsOf(module).has(name))
  if (missing.length > 0) {
    throw new PolicySupplyError(
      'check',
      `policy.wasm is not a policy: it has no export ${missing.join(', ')}. Build it with "opa build -t wasm"`,
    )
  }
  const codePages = basePages + pagesOf(wasm.length)
  const sample = load(module, { initial: codePages, maximum: codePages + pagesOf(evaluationBytes) })
  if (sample.minorVersion < 2) {
    throw new PolicySupplyError(
      'check',
      `policy.wasm has ABI 1.${sample.minorVersion}; 1.2 or later is needed. Build it with a current opa`,
    )
  }
  return {
    entrypoints: Object.keys(sample.entrypoints).sort(),
    builtins: wantedBuiltins(sample),
    abi: `1.${sample.minorVersion}`,
    instantiate: (parts) => instantiate(module, codePages, parts),
  }
}

// What the gateway uses of a runtime whose types Node's own declarations leave out.
declare const WebAssembly: {
  compile(bytes: Buffer): Promise<Module>
  readonly Memory: new (limits: MemoryLimits) => Memory
  readonly Module: { exports(module: Module): readonly { readonly name: string }[] }
}

interface Module {
  readonly [Symbol.toStringTag]: 'WebAssembly.Module'
}

interface Memory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

interface MemoryLimits {
  readonly initial: number
  readonly maximum: number
}

interface LoadedPolicy {
  readonly minorVersion: number
  readonly mem: Memory
  readonly entrypoints: Readonly<Record<string, number>>
  readonly wasmInstance: {
    readonly exports: {
      builtins(): number
      opa_json_dump(address: number): number
      opa_eval(
        reserved: 0,
        entrypoint: number,
        data: number,
        input: number,
        inputBytes: number,
        heap: number,
        format: 0,
      ): number
    }
  }
  /** Where the data stands in memory, and where the heap of evaluations begins behind it. */
  readonly dataAddr: number
  readonly dataHeapPtr: number
  setData(data: ArrayBuffer): void
}

// The package's declarations leave out its default export.
const { default: opa } = opaWasm as unknown as {
  readonly default: { loadPolicySync(module: Module, limits: MemoryLimits): LoadedPolicy }
}

const requiredExports = [
  'opa_wasm_abi_version',
  'opa_wasm_abi_minor_version',
  'opa_eval',
  'builtins',
]

const pageBytes = 65_536

// The module's own stack, tables and first heap; its constants lie in the file and are counted with it.
const basePages = 5

// Data takes 12.3 times its text once it is parsed. It must fit without growing: the module grows its memory
// page by page, and each step makes V8 account for the whole of it again.
const dataGrowth = 13.5

// What an evaluation may use besides its input. One that fills it has run for more than a second.
const evaluationBytes = 64 * 1024 * 1024

async function compileModule(wasm: Buffer): Promise<Module> {
  try {
    return await WebAssembly.compile(wasm)
  } catch (thrown) {
    throw new PolicySupplyError(
      'compile',
      'policy.wasm is not WebAssembly. Build the bundle with "opa build -t wasm"',
      { cause: thrown },
    )
  }
}

function exportsOf(module: Module): ReadonlySet<string> {
  return new Set(WebAssembly.Module.exports(module).map(({ name }) => name))
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / pageBytes)
}

function load(module: Module, limits: MemoryLimits): LoadedPolicy {
  try {
    return opa.loadPolicySync(module, { ...limits })
  } catch (thrown) {
    throw new PolicySupplyError(
      'check',
      `policy.wasm cannot be loaded: ${textOf(thrown)}. Build it with "opa build -t wasm"`,
      { cause: thrown },
    )
  }
}

function wantedBuiltins({ wasmInstance, mem }: LoadedPolicy): readonly string[] {
  const start = wasmInstance.exports.opa_json_dump(wasmInstance.exports.builtins())
  const ids: unknown = JSON.parse(textAt(Buffer.from(mem.buffer), start))
  return isJsonObject(ids) ? Object.keys(ids).sort() : []
}

function instantiate(module: Module, codePages: number, parts: InstanceParts): RegoInstance {
  const { data, maxInputBytes, roomBytes } = parts
  const fixed = codePages + pagesOf(data.length * dataGrowth) + pagesOf(maxInputBytes)
  const policy = load(module, {
    initial: fixed + pagesOf(roomBytes),
    maximum: fixed + pagesOf(evaluationBytes + worstInputRoom(maxInputBytes)),
  })
  loadData(policy, data)
  const view = createMemoryView()
  return {
    evaluate: (entrypoint, document) => evaluate(policy, view, entrypoint, document),
    roomBytes: () => policy.mem.buffer.byteLength - fixed * pageBytes,
  }
}

function loadData(policy: LoadedPolicy, data: Buffer): void {
  try {
    policy.setData(Uint8Array.from(data).buffer)
  } catch (thrown) {
    throw new PolicySupplyError(
      'check',
      `The data of the bundle cannot be loaded: ${textOf(thrown)}`,
      {
        cause: thrown,
      },
    )
  }
}

function evaluate(
  policy: LoadedPolicy,
  view: MemoryView,
  entrypoint: string,
  document: Uint8Array,
): string {
  if (document[0] !== openingBrace || document[document.length - 1] !== closingBrace) {
    throw new RegoFault('input', 'the input is not the text of a JSON object', '')
  }
  try {
    return evaluateText(policy, view, entrypoint, document)
  } catch (thrown) {
    throw asRegoFault(thrown)
  }
}

/**
 * One `opa_eval` of the WASM interface, as the package's own `evaluate` does it; but that one parses the result each
 * time, though a policy gives the same few texts again and again.
 */
function evaluateText(
  policy: LoadedPolicy,
  view: MemoryView,
  entrypoint: string,
  document: Uint8Array,
): string {
  const { mem, wasmInstance, dataAddr, dataHeapPtr } = policy
  const id = policy.entrypoints[entrypoint]
  if (id === undefined) throw new Error(`no entrypoint ${entrypoint}`)
  const heap = dataHeapPtr + document.length
  const missing = heap - mem.buffer.byteLength
  if (missing > 0) mem.grow(pagesOf(missing))
  view.of(mem).set(document, dataHeapPtr)
  const start = wasmInstance.exports.opa_eval(
    0,
    id,
    dataAddr,
    dataHeapPtr,
    document.length,
    heap,
    0,
  )
  return textAt(view.of(mem), start)
}

/** The memory as bytes: made anew only when the memory has grown, and its buffer is another. */
interface MemoryView {
  of(mem: Memory): Buffer
}

function createMemoryView(): MemoryView {
  let view = Buffer.alloc(0)
  return {
    of: ({ buffer }) => {
      if (view.buffer !== buffer) view = Buffer.from(buffer)
      return view
    },
  }
}

/** The text that ends with NUL. */
function textAt(memory: Buffer, start: number): string {
  return memory.toString('utf8', start, memory.indexOf(0, start))
}

const openingBrace = 0x7b
const closingBrace = 0x7d
