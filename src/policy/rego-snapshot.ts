import { PolicySupplyError } from '../domain/errors.js'
import { instantiateRego } from './rego-instance.js'
import type { RegoInstance } from './rego-instance.js'
import { pageBytes, pagesOf } from './rego-runtime.js'
import type { RegoModule } from './rego.js'

/**
 * What makes an instance as it was between two evaluations, besides its data. The memory of an instance is, from below:
 * stack, constants and variables of the module, which evaluations write; the data, which they only read; and what an
 * evaluation takes, beginning with its input. Structured-cloneable.
 */
export interface RegoSnapshot {
  readonly dataAddress: number
  readonly dataStart: number
  readonly dataEnd: number
  /** The memory below the data. */
  readonly low: Uint8Array
  /** The end of it, which has the variables of the module: the part that counts between two evaluations. */
  readonly variables: Uint8Array
  readonly globals: readonly (number | bigint)[]
  readonly pages: number
}

/**
 * Makes an instance that has this data, and room for the largest input.
 * @throws PolicySupplyError `check` when the data cannot be loaded
 */
export function instantiateWithData(
  module: RegoModule,
  data: Uint8Array,
  maxInputBytes: number,
): { readonly instance: RegoInstance; readonly snapshot: RegoSnapshot } {
  const room = maxInputBytes + roomBytes
  const instance = instantiateRego(module, {
    initial: most(module.pages + pagesOf(data.length * dataGrowth + room)),
    maximum: most(module.pages + pagesOf(data.length * worstGrowth + room + evaluationBytes)),
  })
  try {
    return { instance, snapshot: load(instance, module, data, room) }
  } catch (thrown) {
    const why = reasonOf(thrown, instance)
    throw new PolicySupplyError('check', `The data of the bundle cannot be loaded: ${why}`, {
      cause: thrown,
    })
  }
}

/** A new instance that is like the one of the snapshot in all but its data. */
export function instantiateLike(
  module: RegoModule,
  snapshot: RegoSnapshot,
  maxInputBytes: number,
): RegoInstance {
  const instance = instantiateRego(module, {
    initial: snapshot.pages,
    maximum: pagesAtMost(snapshot, maxInputBytes),
  })
  restore(instance, snapshot)
  return instance
}

/** Makes the instance as it was: whatever an evaluation has done to it, however it ended. */
export function restore({ memory, meters }: RegoInstance, snapshot: RegoSnapshot): void {
  memory.bytes().set(snapshot.low, 0)
  for (const [index, value] of snapshot.globals.entries()) {
    const global = meters.own[index]
    if (global !== undefined) global.value = value
  }
  meters.pages.value = snapshot.pages
  meters.refusedPages.value = 0
}

/**
 * The same after an evaluation that ended well and grew nothing. The library that is compiled into modules makes tables
 * when it first needs them, and remembers where, in memory that the next evaluation is given for its own use.
 */
export function restoreVariables({ memory }: RegoInstance, snapshot: RegoSnapshot): void {
  const { dataStart, variables } = snapshot
  memory.bytes().set(variables, dataStart - variables.length)
}

/** How far evaluations may grow the memory: what the worst input takes once it is parsed, and as much as a second can fill. */
export function pagesAtMost({ pages }: RegoSnapshot, maxInputBytes: number): number {
  return most(pages + pagesOf(evaluationBytes + worstInputRoom(maxInputBytes)))
}

/** Memory that the largest input may take once it is parsed: an array of one-digit numbers is the worst, at 94 times its text. */
export function worstInputRoom(maxInputBytes: number): number {
  return maxInputBytes * worstGrowth
}

const worstGrowth = 100

// Data takes 12.3 times its text once it is parsed, as a rule. Memory that is there from the start need not grow.
const dataGrowth = 13.5

// What most evaluations need besides their input. Untouched memory costs nothing.
const roomBytes = 4 << 20

const evaluationBytes = 64 << 20

/** As many pages as WASM can address. */
function most(pages: number): number {
  return Math.min(pages, 65_536)
}

function load(
  { memory, exports, meters }: RegoInstance,
  { variablesStart }: RegoModule,
  data: Uint8Array,
  room: number,
): RegoSnapshot {
  meters.fuel.value = loadFuel + BigInt(data.length) * loadFuelPerByte
  const dataStart = exports.opa_heap_ptr_get() >>> 0
  const text = exports.opa_malloc(data.length)
  memory.bytes().set(data, text >>> 0)
  const dataAddress = exports.opa_json_parse(text, data.length)
  if (dataAddress === 0) throw new Error('the module cannot parse it')
  const dataEnd = aligned(exports.opa_heap_ptr_get() >>> 0)
  exports.opa_heap_ptr_set(dataEnd)
  // The allocator knows only of memory that it asked for itself.
  exports.opa_malloc(room)
  exports.opa_heap_ptr_set(dataEnd)
  // Zero where the module asked nothing about its memory.
  const pages = meters.pages.value || pagesOf(memory.bytes().length)
  if (dataStart > dataEnd || dataEnd + room > pages * pageBytes) {
    throw new Error('the module keeps it where there is no memory')
  }
  const low = Uint8Array.from(memory.bytes().subarray(0, dataStart))
  return {
    dataAddress,
    dataStart,
    dataEnd,
    low,
    variables: low.subarray(variablesStart),
    globals: meters.own.map(({ value }) => value),
    pages,
  }
}

/** The next address that is a multiple of 8. */
function aligned(address: number): number {
  return Math.ceil(address / 8) * 8
}

// Several times what the most laborious data takes.
const loadFuel = 100_000_000n
const loadFuelPerByte = 2000n

function reasonOf(thrown: unknown, { meters }: RegoInstance): string {
  if (meters.fuel.value < 0n) return 'the module takes too long for it'
  if (meters.refusedPages.value !== 0) return 'it takes more memory than there can be'
  return thrown instanceof Error ? thrown.message : 'the module broke off'
}
