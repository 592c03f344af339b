/** What a module made by hand differs in from one that passes as a policy. Bodies are bytes of instructions. */
export interface ModuleChanges {
  /** Imports of functions without parameters and results, besides the memory. */
  readonly imports?: readonly string[]
  readonly memoryPages?: number
  readonly ownMemory?: boolean
  /** Instructions of the functions by export; the rest does as little as it can. */
  readonly bodies?: Readonly<Record<string, readonly number[]>>
  readonly start?: readonly number[]
  readonly without?: readonly string[]
  readonly abi?: readonly [major: number, minor: number]
  /** Texts by address. */
  readonly texts?: Readonly<Record<number, string>>
}

/** A module that looks like a policy, has the entrypoint `mcp/pre` and allows everything. */
export function handMadeModule(changes: ModuleChanges = {}): Buffer {
  const { imports = [], bodies = {}, start, without = [] } = changes
  const kept = Object.entries(functions).filter(([name]) => !without.includes(name))
  const all = [...kept, ['start', startForm] as const]
  const numberOf = (index: number) => imports.length + index
  return Buffer.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [[0x60, 0, 0], ...all.map(([, { params, results }]) => typeOf(params, results))]),
    ...section(2, [...imports.map(functionImport), ...memoryImport(changes)]),
    ...section(
      3,
      all.map((_, index) => leb(1 + index)),
    ),
    ...(changes.ownMemory === true ? section(5, [[0, 1]]) : []),
    ...section(
      6,
      (changes.abi ?? [1, 3]).map((version) => [i32, 0, ...constant(version), end]),
    ),
    ...section(7, [
      ...kept.map(([name], index) => [...text(name), 0, ...leb(numberOf(index))]),
      [...text('opa_wasm_abi_version'), 3, 0],
      [...text('opa_wasm_abi_minor_version'), 3, 1],
    ]),
    ...(start === undefined ? [] : sectionOf(8, leb(numberOf(kept.length)))),
    ...section(
      10,
      all.map(([name, { body }]) => code((name === 'start' ? start : bodies[name]) ?? body)),
    ),
    ...section(11, Object.entries({ ...texts, ...changes.texts }).map(segment)),
  ])
}

export const op = {
  unreachable: [0x00],
  /** `loop br 0 end`, for a function that never gives its result. */
  forever: [0x03, 0x40, 0x0c, 0, 0x0b, 0x00],
  constant: (value: number) => constant(value),
  parameter: [0x20, 0],
  /** Calls itself with as many parameters as it has: function `index`, of one parameter. */
  call: (index: number) => [0x20, 0, 0x10, index],
  grow: (pages: number) => [...constant(pages), 0x40, 0],
}

const texts: Readonly<Record<number, string>> = {
  1000: '{"mcp/pre":0}',
  1100: '{}',
  1200: '[{"result":true}]',
}

interface Form {
  readonly params: number
  readonly results: number
  readonly body: readonly number[]
}

const i32 = 0x7f
const end = 0x0b

const functions: Readonly<Record<string, Form>> = {
  opa_eval: { params: 7, results: 1, body: constant(1200) },
  opa_malloc: { params: 1, results: 1, body: constant(3000) },
  opa_heap_ptr_get: { params: 0, results: 1, body: constant(2000) },
  opa_heap_ptr_set: { params: 1, results: 0, body: [] },
  opa_json_parse: { params: 2, results: 1, body: constant(3000) },
  opa_json_dump: { params: 1, results: 1, body: [0x20, 0] },
  opa_value_parse: { params: 2, results: 1, body: constant(3000) },
  opa_value_dump: { params: 1, results: 1, body: [0x20, 0] },
  entrypoints: { params: 0, results: 1, body: constant(1000) },
  builtins: { params: 0, results: 1, body: constant(1100) },
}

const startForm: Form = { params: 0, results: 0, body: [] }

function typeOf(params: number, results: number): readonly number[] {
  return [
    0x60,
    ...[params, ...Array<number>(params).fill(i32)],
    ...[results, ...Array<number>(results).fill(i32)],
  ]
}

function functionImport(name: string): readonly number[] {
  const [module = '', field = ''] = name.split('.')
  return [...text(module), ...text(field), 0, 0]
}

function memoryImport({
  ownMemory,
  memoryPages = 1,
}: ModuleChanges): readonly (readonly number[])[] {
  if (ownMemory === true) return []
  return [[...text('env'), ...text('memory'), 2, 0, ...leb(memoryPages)]]
}

function constant(value: number): readonly number[] {
  return [0x41, ...signed(value)]
}

function code(body: readonly number[]): readonly number[] {
  const whole = [0, ...body, end]
  return [...leb(whole.length), ...whole]
}

function segment([address, written]: readonly [string, string]): readonly number[] {
  return [0, ...constant(Number(address)), end, ...text(`${written}\0`)]
}

function section(id: number, items: readonly (readonly number[])[]): readonly number[] {
  return sectionOf(id, [...leb(items.length), ...items.flat()])
}

function sectionOf(id: number, content: readonly number[]): readonly number[] {
  return [id, ...leb(content.length), ...content]
}

function text(value: string): readonly number[] {
  const bytes = [...Buffer.from(value)]
  return [...leb(bytes.length), ...bytes]
}

function leb(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]
}

function signed(value: number): readonly number[] {
  const low = value & 0x7f
  const rest = value >> 7
  const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)
  return isLast ? [low] : [low | 0x80, ...signed(rest)]
}
