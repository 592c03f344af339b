import { skipExpression } from './instructions.js'
import type { Cursor } from './wasm-reader.js'
import {
  broken,
  createCursor,
  readByte,
  readName,
  readU32,
  readValueType,
  skipBytes,
  unmeterable,
  vectorType,
} from './wasm-reader.js'

/** What of a module decides how it is rewritten; indices count imports first, as the binary format does. */
export interface ModuleLayout {
  readonly sections: readonly Section[]
  readonly types: number
  readonly importedFunctions: number
  readonly functions: number
  readonly globals: number
  /** Of the module's own. */
  readonly mutableGlobals: readonly number[]
  readonly memory: ModuleMemory
}

export interface Section {
  readonly id: number
  readonly bytes: Buffer
  /** Where its content begins, behind the length. */
  readonly start: number
  readonly end: number
}

export interface ModuleMemory {
  /** Whether the host makes the memory and hands it in. */
  readonly origin: 'imported' | 'own'
  /** In pages of 64 KiB. */
  readonly initialPages: number
  readonly maximumPages: number | undefined
}

export const sectionId = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  memory: 5,
  global: 6,
  export: 7,
  code: 10,
} as const

/** How far behind a section stands: not by its id, since the count of data segments (12) comes before the code. */
export function sectionRank(id: number): number {
  return sectionOrder.indexOf(id)
}

const sectionOrder: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11]

/** @throws PolicySupplyError `compile` when it is broken, or has what cannot be metered */
export function readLayout(wasm: Buffer): ModuleLayout {
  const sections = readSections(wasm)
  const counts = { types: 0, importedFunctions: 0, functions: 0, globals: 0 }
  const memories: ModuleMemory[] = []
  const mutableGlobals: number[] = []
  for (const { id, start, end } of sections) {
    const cursor = createCursor(wasm, start, end)
    if (id === sectionId.type) counts.types = readTypes(cursor)
    if (id === sectionId.import) readImports(cursor, counts, memories)
    if (id === sectionId.function) counts.functions += readU32(cursor)
    if (id === sectionId.memory) readMemories(cursor, memories)
    if (id === sectionId.global) readGlobals(cursor, counts, mutableGlobals)
    if (id === sectionId.export) checkExports(cursor)
  }
  const [memory] = memories
  if (memory === undefined || memories.length > 1) {
    throw unmeterable(`has ${memories.length} memories instead of one`)
  }
  return { sections, ...counts, mutableGlobals, memory }
}

function readSections(wasm: Buffer): readonly Section[] {
  if (wasm.length < 8 || !wasm.subarray(0, 8).equals(preamble)) {
    throw broken('it does not begin as a WebAssembly module of version 1 does', 0)
  }
  const cursor = createCursor(wasm, 8, wasm.length)
  const sections: Section[] = []
  let last = -1
  while (cursor.at < cursor.end) {
    const id = readByte(cursor)
    const length = readU32(cursor)
    const start = cursor.at
    skipBytes(cursor, length)
    sections.push({ id, bytes: wasm, start, end: cursor.at })
    if (id === sectionId.custom) continue
    const rank = sectionRank(id)
    if (rank < 0) throw unmeterable(`has a section of kind ${id}`)
    if (rank <= last) throw broken(`section ${id} is out of order`, start)
    last = rank
  }
  return sections
}

export const preamble = Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00])

/** A group of types that know each other counts as one and is more than one, so that later indices would be off. */
function readTypes(cursor: Cursor): number {
  const count = readU32(cursor)
  for (let left = count; left > 0; left -= 1) {
    if (readByte(cursor) !== functionType) throw unmeterable('has a type that is not a function')
    skipValueTypes(cursor)
    skipValueTypes(cursor)
  }
  return count
}

function skipValueTypes(cursor: Cursor): void {
  for (let left = readU32(cursor); left > 0; left -= 1) readValueType(cursor)
}

const functionType = 0x60

interface Counts {
  importedFunctions: number
  functions: number
  globals: number
}

function readImports(cursor: Cursor, counts: Counts, memories: ModuleMemory[]): void {
  for (let left = readU32(cursor); left > 0; left -= 1) {
    readName(cursor)
    readName(cursor)
    const kind = readByte(cursor)
    if (kind === 0) {
      readU32(cursor)
      counts.importedFunctions += 1
      counts.functions += 1
    } else if (kind === 1) {
      readValueType(cursor)
      readLimits(cursor)
    } else if (kind === 2) {
      memories.push({ origin: 'imported', ...readLimits(cursor) })
    } else if (kind === 3) {
      readValueType(cursor)
      readByte(cursor)
      counts.globals += 1
    } else {
      throw unmeterable(`imports something of kind ${kind}`)
    }
  }
}

function readMemories(cursor: Cursor, memories: ModuleMemory[]): void {
  for (let left = readU32(cursor); left > 0; left -= 1) {
    memories.push({ origin: 'own', ...readLimits(cursor) })
  }
}

function readLimits(cursor: Cursor): Omit<ModuleMemory, 'origin'> {
  const flags = readByte(cursor)
  if (flags > 1) throw unmeterable('has a memory or table that is shared or of 64 bits')
  const initialPages = readU32(cursor)
  return { initialPages, maximumPages: flags === 1 ? readU32(cursor) : undefined }
}

function readGlobals(cursor: Cursor, counts: Counts, mutableGlobals: number[]): void {
  for (let left = readU32(cursor); left > 0; left -= 1) {
    const type = readValueType(cursor)
    if (readByte(cursor) === 1) {
      if (type === vectorType) throw unmeterable('has a mutable global that is a vector')
      mutableGlobals.push(counts.globals)
    }
    skipExpression(cursor)
    counts.globals += 1
  }
}

function checkExports(cursor: Cursor): void {
  for (let left = readU32(cursor); left > 0; left -= 1) {
    const name = readName(cursor)
    if (name.startsWith('portcullis.')) throw unmeterable(`has an export "${name}" of its own`)
    readByte(cursor)
    readU32(cursor)
  }
}
