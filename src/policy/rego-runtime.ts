/** What is used of a runtime whose types Node's own declarations leave out. */
export interface WasmRuntime {
  compile(bytes: Uint8Array): Promise<WasmModule>
  readonly Module: {
    imports(module: WasmModule): readonly WasmPort[]
    exports(module: WasmModule): readonly WasmPort[]
  }
  readonly Instance: new (module: WasmModule, imports: WasmImports) => WasmInstance
  readonly Memory: new (limits: {
    readonly initial: number
    readonly maximum: number
  }) => WasmMemory
}

/** Can be posted to other threads, which share its machine code. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: 'WebAssembly.Module'
}

export interface WasmPort {
  /** Of an import: where it comes from. */
  readonly module?: string
  readonly name: string
  readonly kind: 'function' | 'global' | 'memory' | 'table'
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>
}

export interface WasmMemory {
  /** Another one after each growth. */
  readonly buffer: ArrayBuffer
}

export interface WasmGlobal<Value extends number | bigint> {
  value: Value
}

export type WasmImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>

declare const WebAssembly: WasmRuntime

export const runtime: WasmRuntime = WebAssembly

export const pageBytes = 65_536

export function pagesOf(bytes: number): number {
  return Math.ceil(bytes / pageBytes)
}
