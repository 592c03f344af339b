import type { Added } from './added-functions.js'
import { addedFunctions } from './added-functions.js'
import type { Code } from './assembly.js'
import { constant, constant64, finish, join, unsigned } from './assembly.js'
import { writeBody } from './body-writer.js'
import { planBodies } from './function-plans.js'
import type { ModuleLayout, Section } from './layout.js'
import { preamble, sectionId, sectionRank } from './layout.js'
import { globalExport, meterExports, startFuel } from './names.js'
import type { Cursor } from './wasm-reader.js'
import { createCursor, readU32, skipBytes } from './wasm-reader.js'
import type { WasmWriter } from './wasm-writer.js'
import { createWriter } from './wasm-writer.js'

/** The module with its code metered, and what metering adds behind what each section has. */
export function rewriteModule(wasm: Buffer, layout: ModuleLayout): Buffer {
  const writer = createWriter(wasm.length * 1.5)
  const added = addedTo(layout)
  const additions = additionsOf(layout, added)
  writer.copy(preamble, 0, preamble.length)
  for (const section of withAbsent(layout.sections, [...additions.keys()])) {
    writer.byte(section.id)
    writer.sized(() => {
      const entries = additions.get(section.id)
      if (entries === undefined) writer.copy(section.bytes, section.start, section.end)
      else writeExtended(section, entries, { layout, added }, writer)
    })
  }
  return writer.finish()
}

interface MeterParts {
  readonly layout: ModuleLayout
  readonly added: Added
}

function addedTo({ functions, globals }: ModuleLayout): Added {
  return {
    ...{ fuel: globals, pages: globals + 1, maxPages: globals + 2 },
    ...{ refusedPages: globals + 3, usedPages: globals + 4 },
    ...{ size: functions, grow: functions + 1, payForRange: functions + 2 },
  }
}

/** The entries that each section is to have besides its own. */
function additionsOf(layout: ModuleLayout, added: Added): ReadonlyMap<number, readonly Code[]> {
  const functions = addedFunctions(added)
  return new Map([
    [sectionId.type, [typeEntry(0), typeEntry(1)]],
    [sectionId.function, functions.map(({ parameters }) => unsigned(layout.types + parameters))],
    [sectionId.global, globalEntries(layout)],
    [sectionId.export, exportEntries(layout, added)],
    [sectionId.code, functions.map(({ locals, code }) => bodyEntry(locals, code))],
  ])
}

/** A function from that many i32s to one. */
function typeEntry(parameters: number): Code {
  return [0x60, parameters, ...Array<number>(parameters).fill(i32), 1, i32]
}

const i32 = 0x7f
const i64 = 0x7e
const mutable = 1

function globalEntries({ memory }: ModuleLayout): readonly Code[] {
  const largest = memory.maximumPages ?? 65_536
  const pages = [0, largest, 0, 0].map((value) => [i32, mutable, ...finish(constant(value))])
  return [[i64, mutable, ...finish(constant64(Number(startFuel)))], ...pages]
}

function exportEntries({ mutableGlobals }: ModuleLayout, added: Added): readonly Code[] {
  const entry = (name: string, index: number) => [
    ...unsigned(name.length),
    ...Buffer.from(name),
    globalKind,
    ...unsigned(index),
  ]
  return [
    entry(meterExports.fuel, added.fuel),
    entry(meterExports.pages, added.pages),
    entry(meterExports.maxPages, added.maxPages),
    entry(meterExports.refusedPages, added.refusedPages),
    ...mutableGlobals.map((global, index) => entry(globalExport(index), global)),
  ]
}

const globalKind = 3

function bodyEntry(locals: number, code: Code): Code {
  const declared = locals === 0 ? [0] : [1, ...unsigned(locals), i32]
  const body = join(declared, finish(code))
  return [...unsigned(body.length), ...body]
}

/** The sections with an empty one, in its place, for each of the kinds that is absent. */
function withAbsent(sections: readonly Section[], ids: readonly number[]): readonly Section[] {
  const all = [...sections]
  for (const id of ids) {
    if (all.some((section) => section.id === id)) continue
    const behind = all.findIndex((section) => sectionRank(section.id) > sectionRank(id))
    all.splice(behind < 0 ? all.length : behind, 0, { id, bytes: noEntries, start: 0, end: 1 })
  }
  return all
}

const noEntries = Buffer.from([0])

function writeExtended(
  section: Section,
  entries: readonly Code[],
  { layout, added }: MeterParts,
  writer: WasmWriter,
): void {
  const cursor = createCursor(section.bytes, section.start, section.end)
  const count = readU32(cursor)
  writer.u32(count + entries.length)
  if (section.id === sectionId.code) {
    for (const planned of planBodies(readBodies(cursor, count), layout.importedFunctions)) {
      writer.sized(() => {
        writeBody(planned, added, writer)
      })
    }
  } else {
    writer.copy(section.bytes, cursor.at, section.end)
  }
  for (const entry of entries) writer.bytes(entry)
}

function readBodies(cursor: Cursor, count: number): readonly Cursor[] {
  const bodies: Cursor[] = []
  for (let left = count; left > 0; left -= 1) {
    const length = readU32(cursor)
    const start = cursor.at
    skipBytes(cursor, length)
    bodies.push(createCursor(cursor.bytes, start, cursor.at))
  }
  return bodies
}
