import { PolicySupplyError } from '../domain/errors.js'
import { isJsonObject } from '../domain/json.js'
import { meterModule } from './metering/meter.js'
import type { Metered } from './metering/meter.js'
import { checkPorts } from './rego-exports.js'
import { instantiateRego } from './rego-instance.js'
import type { RegoInstance } from './rego-instance.js'
import { pagesOf, runtime } from './rego-runtime.js'
import type { WasmModule } from './rego-runtime.js'
import { variablesStartOf } from './rego-variables.js'

/** A compiled and metered policy module, not yet bound to data. Structured-cloneable. */
export interface RegoModule {
  readonly code: WasmModule
  /** How many variables it has besides its memory. */
  readonly mutableGlobals: number
  /** Where those in its memory begin. */
  readonly variablesStart: number
  /** Names that can be evaluated, such as `mcp/pre`, and their numbers. */
  readonly entrypoints: Readonly<Record<string, number>>
  /** Names of the builtins that the module expects of its host, and their numbers. */
  readonly builtins: Readonly<Record<string, number>>
  /** The version of the interface between module and host, such as `1.3`. */
  readonly abi: string
  /** Memory that it needs before it has any data. */
  readonly pages: number
}

/**
 * @throws PolicySupplyError `compile` when it is not WebAssembly or cannot be metered, `check` when it is not a policy
 * of ABI 1.2 or later
 */
export async function compileRego(wasm: Buffer): Promise<RegoModule> {
  const metered = meterModule(wasm)
  const code = await compileModule(metered.wasm)
  checkPorts(runtime.Module.imports(code), runtime.Module.exports(code))
  const pages = basePages + pagesOf(wasm.length)
  checkMemory(metered, pages)
  const { mutableGlobals } = metered
  const bare = { code, mutableGlobals, variablesStart: variablesStartOf(wasm), pages }
  return probed(() => {
    const sample = instantiateRego(
      { ...bare, builtins: {} },
      { initial: pages, maximum: 2 * pages },
    )
    return { ...bare, abi: abiOf(sample), ...tablesOf(sample) }
  })
}

// The module's own stack, tables and first heap; its constants lie in the file and are counted with it.
const basePages = 5

async function compileModule(wasm: Buffer): Promise<WasmModule> {
  try {
    return await runtime.compile(wasm)
  } catch (thrown) {
    throw new PolicySupplyError(
      'compile',
      'policy.wasm is not WebAssembly. Build the bundle with "opa build -t wasm"',
      { cause: thrown },
    )
  }
}

function checkMemory({ memory }: Metered, pages: number): void {
  if (memory.initialPages <= pages && memory.maximumPages === undefined) return
  throw new PolicySupplyError(
    'check',
    `policy.wasm is not a policy: it asks for a memory of ${memory.initialPages} to ${memory.maximumPages ?? 'any number of'} pages. Build it with "opa build -t wasm"`,
  )
}

function probed<Found>(probe: () => Found): Found {
  try {
    return probe()
  } catch (thrown) {
    if (thrown instanceof PolicySupplyError) throw thrown
    throw new PolicySupplyError(
      'check',
      `policy.wasm cannot be loaded: ${messageOf(thrown)}. Build it with "opa build -t wasm"`,
      { cause: thrown },
    )
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : 'it broke off'
}

function abiOf({ exports }: RegoInstance): string {
  const major: unknown = exports.opa_wasm_abi_version.value
  const minor: unknown = exports.opa_wasm_abi_minor_version.value
  const abi = `${String(major)}.${String(minor)}`
  if (major === 1 && (minor === 2 || minor === 3)) return abi
  throw new PolicySupplyError(
    'check',
    `policy.wasm has ABI ${abi}; 1.2 or 1.3 is needed. Build it with a current opa`,
  )
}

function tablesOf(sample: RegoInstance): Pick<RegoModule, 'entrypoints' | 'builtins'> {
  const { exports } = sample
  return {
    entrypoints: tableAt(sample, exports.entrypoints()),
    builtins: tableAt(sample, exports.builtins()),
  }
}

function tableAt({ exports, memory }: RegoInstance, address: number) {
  const text = memory.textAt(exports.opa_json_dump(address), longestTable)
  const table: unknown = JSON.parse(text)
  if (!isJsonObject(table)) throw new Error('a table of names is no object')
  const numbers = Object.entries(table).map(([name, id]) => [name, numberOf(id)] as const)
  return Object.fromEntries(numbers)
}

function numberOf(id: unknown): number {
  if (Number.isInteger(id) && Number(id) >= 0 && Number(id) < mostNames) return Number(id)
  throw new Error('a table of names has something else than numbers')
}

const longestTable = 1 << 20
const mostNames = 65_536
