import { PolicySupplyError } from '../domain/errors.js'
import { globalExport, meterExports } from './metering/meter.js'
import type { WasmGlobal, WasmInstance, WasmPort } from './rego-runtime.js'

/** What the gateway calls of a policy module: OPA's interface 1.2 and later. Addresses are signed, as WASM has them. */
export interface RegoExports {
  readonly opa_eval: (
    reserved: 0,
    entrypoint: number,
    data: number,
    input: number,
    inputBytes: number,
    heap: number,
    format: 0,
  ) => number
  readonly opa_malloc: (bytes: number) => number
  readonly opa_heap_ptr_get: () => number
  readonly opa_heap_ptr_set: (address: number) => void
  readonly opa_json_parse: (address: number, bytes: number) => number
  readonly opa_json_dump: (value: number) => number
  readonly opa_value_parse: (address: number, bytes: number) => number
  readonly opa_value_dump: (value: number) => number
  readonly entrypoints: () => number
  readonly builtins: () => number
  readonly opa_wasm_abi_version: WasmGlobal<number>
  readonly opa_wasm_abi_minor_version: WasmGlobal<number>
}

/** What a metered module is steered by, and its own variables besides its memory. */
export interface Meters {
  readonly fuel: WasmGlobal<bigint>
  readonly pages: WasmGlobal<number>
  readonly maxPages: WasmGlobal<number>
  readonly refusedPages: WasmGlobal<number>
  readonly own: readonly WasmGlobal<number | bigint>[]
}

/** @throws PolicySupplyError `check` where these are not the imports and exports of a policy */
export function checkPorts(imports: readonly WasmPort[], exports: readonly WasmPort[]): void {
  const foreign = imports.filter(
    ({ module, name, kind }) => module !== 'env' || wantedImports[name] !== kind,
  )
  if (foreign.length > 0) {
    const names = foreign.map(({ module, name }) => `${module ?? ''}.${name}`).join(', ')
    throw notAPolicy(`it imports ${names}, which no policy does`)
  }
  if (!imports.some(({ kind }) => kind === 'memory')) {
    throw notAPolicy('it brings a memory of its own instead of importing env.memory')
  }
  const missing = Object.entries(wantedExports)
    .filter(([name, kind]) => !exports.some((port) => port.name === name && port.kind === kind))
    .map(([name]) => name)
  if (missing.length > 0) throw notAPolicy(`it has no export ${missing.join(', ')}`)
}

function notAPolicy(why: string): PolicySupplyError {
  return new PolicySupplyError(
    'check',
    `policy.wasm is not a policy: ${why}. Build it with "opa build -t wasm"`,
  )
}

const wantedImports: Readonly<Record<string, WasmPort['kind'] | undefined>> = {
  memory: 'memory',
  opa_abort: 'function',
  opa_println: 'function',
  opa_builtin0: 'function',
  opa_builtin1: 'function',
  opa_builtin2: 'function',
  opa_builtin3: 'function',
  opa_builtin4: 'function',
}

const wantedExports: Readonly<Record<keyof RegoExports, WasmPort['kind']>> = {
  opa_eval: 'function',
  opa_malloc: 'function',
  opa_heap_ptr_get: 'function',
  opa_heap_ptr_set: 'function',
  opa_json_parse: 'function',
  opa_json_dump: 'function',
  opa_value_parse: 'function',
  opa_value_dump: 'function',
  entrypoints: 'function',
  builtins: 'function',
  opa_wasm_abi_version: 'global',
  opa_wasm_abi_minor_version: 'global',
}

/** The exports of an instance whose module passed `checkPorts`. */
export function exportsOf(instance: WasmInstance): RegoExports {
  return instance.exports as unknown as RegoExports
}

export function metersOf({ exports }: WasmInstance, mutableGlobals: number): Meters {
  const global = <Value extends number | bigint>(name: string): WasmGlobal<Value> =>
    exports[name] as WasmGlobal<Value>
  return {
    fuel: global(meterExports.fuel),
    pages: global(meterExports.pages),
    maxPages: global(meterExports.maxPages),
    refusedPages: global(meterExports.refusedPages),
    own: Array.from({ length: mutableGlobals }, (_, index) => global(globalExport(index))),
  }
}
