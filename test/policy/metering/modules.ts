import { runtime } from '../../../src/policy/rego-runtime.js'
import type { WasmGlobal } from '../../../src/policy/rego-runtime.js'

/** Modules written by hand, in the binary format. */
export interface FunctionParts {
  readonly parameters: readonly number[]
  readonly results: readonly number[]
  /** i32, all of them. */
  readonly locals?: number
  /** Without the `end` of the function. */
  readonly code: readonly number[]
}

export interface ModuleParts {
  /** Exported as f0, f1, …; each has a type of its own, with the same number. */
  readonly functions: readonly FunctionParts[]
  /** Types besides, behind those of the functions. */
  readonly types?: readonly (readonly number[])[]
  readonly memory?: readonly number[]
  readonly globals?: readonly (readonly number[])[]
  /** All functions are in one table, in their order. */
  readonly table?: boolean
  readonly exports?: readonly (readonly number[])[]
  readonly start?: number
  readonly data?: readonly number[]
}

export const i32 = 0x7f
export const i64 = 0x7e

export function moduleOf(parts: ModuleParts): Buffer {
  const { functions, table = false, memory = [0, 1] } = parts
  const types = functions.map(({ parameters, results }) => typeOf(parameters, results))
  const indices = functions.map((_, index) => index)
  const exported = indices.map((index) => exportOf(`f${index}`, 0, index))
  return Buffer.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector([...types, ...(parts.types ?? [])])),
    ...section(3, vector(indices.map(unsigned))),
    ...(table ? section(4, vector([[0x70, 0, functions.length]])) : []),
    ...(memory.length > 0 ? section(5, vector([memory])) : []),
    ...(parts.globals ? section(6, vector(parts.globals)) : []),
    ...section(7, vector([...exported, exportOf('memory', 2, 0), ...(parts.exports ?? [])])),
    ...(parts.start === undefined ? [] : section(8, [parts.start])),
    ...(table ? section(9, vector([[0, 0x41, 0, 0x0b, ...vector(indices.map(unsigned))]])) : []),
    ...(parts.data ? section(12, [1]) : []),
    ...section(10, vector(functions.map(bodyOf))),
    ...(parts.data ? section(11, vector([[1, ...vector(parts.data.map((byte) => [byte]))]])) : []),
  ])
}

export function typeOf(parameters: readonly number[], results: readonly number[]): number[] {
  return [
    0x60,
    ...vector(parameters.map((type) => [type])),
    ...vector(results.map((type) => [type])),
  ]
}

export function exportOf(name: string, kind: number, index: number): number[] {
  return [...unsigned(name.length), ...Buffer.from(name), kind, index]
}

export function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

export function vector(entries: readonly (readonly number[])[]): number[] {
  return [...unsigned(entries.length), ...entries.flat()]
}

export function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...unsigned(Math.floor(value / 0x80))]
}

/** `i32.const` of a number that is not negative. */
export function constant(value: number): number[] {
  const bytes = [0x41]
  for (let rest = value; ; rest = Math.floor(rest / 0x80)) {
    if (rest < 0x40) return [...bytes, rest]
    bytes.push((rest % 0x80) | 0x80)
  }
}

function bodyOf({ locals = 0, code }: FunctionParts): number[] {
  const declared = locals === 0 ? [0] : [1, ...unsigned(locals), i32]
  const body = [...declared, ...code, 0x0b]
  return [...unsigned(body.length), ...body]
}

export type Exports = Readonly<Record<string, (...args: (number | bigint)[]) => unknown>> & {
  readonly memory: { readonly buffer: ArrayBuffer }
}

export async function run(wasm: Buffer, imports = {}): Promise<Exports> {
  const instance = new runtime.Instance(await runtime.compile(wasm), imports)
  return instance.exports as unknown as Exports
}

export interface Steered {
  readonly exports: Exports
  readonly fuel: WasmGlobal<bigint>
  readonly global: (name: string) => WasmGlobal<number>
  /** What the call costs, in fuel. */
  readonly fuelOf: (call: () => unknown) => number
}

export async function steer(wasm: Buffer): Promise<Steered> {
  const exports = await run(wasm)
  const global = (name: string) => exports[name] as unknown as WasmGlobal<number>
  const fuel = exports['portcullis.fuel'] as unknown as WasmGlobal<bigint>
  return {
    exports,
    fuel,
    global,
    fuelOf(call) {
      fuel.value = plenty
      call()
      return Number(plenty - fuel.value)
    },
  }
}

const plenty = 1n << 60n
