import { type Line, linesOf } from './event-lines.js'

/** A stretch of an event stream that goes on or stays away as a whole. */
export interface EventFrame {
  /** The exact bytes, line ends and the blank line at the end included. */
  readonly raw: Buffer
  /** The data lines joined with line feeds: empty for a bare `data:`, undefined where there is none. */
  readonly data: Buffer | undefined
  /** The event type; '' where none was given. */
  readonly event: string
  readonly id: string | undefined
}

/** Reads the fields of a frame as the WHATWG HTML standard says: names are exact, the last of a name counts. */
export function readFrame(raw: Buffer): EventFrame {
  const data: Buffer[] = []
  let event = ''
  let id: string | undefined
  for (const line of linesOf(raw)) {
    const name = fieldName(raw, line)
    if (name === 'data') data.push(fieldValue(raw, line, name))
    else if (name === 'event') event = fieldValue(raw, line, name).toString('utf8')
    else if (name === 'id') id = idOf(fieldValue(raw, line, name)) ?? id
  }
  return { raw, data: joined(data), event, id }
}

/**
 * The frame with other data in the place of its first data line; every other line stays as it was sent. A frame
 * without data stays as it is.
 */
export function replaceData(frame: EventFrame, data: Buffer): Buffer {
  const { raw } = frame
  const parts: Buffer[] = []
  let kept = 0
  for (const line of linesOf(raw)) {
    if (fieldName(raw, line) !== 'data') continue
    parts.push(raw.subarray(kept, line.start))
    if (kept === 0) parts.push(dataLines(data, raw.subarray(line.end, line.next)))
    kept = line.next
  }
  parts.push(raw.subarray(kept))
  return Buffer.concat(parts)
}

/** The frame with another id in the place of its own; one without an id, or that resets it, stays as it is. */
export function replaceId({ raw, id }: EventFrame, replacement: string): Buffer {
  if (id === undefined || id === '') return raw
  const parts: Buffer[] = []
  let kept = 0
  for (const line of linesOf(raw)) {
    if (fieldName(raw, line) !== 'id' || idOf(fieldValue(raw, line, 'id')) === undefined) continue
    parts.push(raw.subarray(kept, line.start), Buffer.from(`id: ${replacement}`))
    kept = line.end
  }
  parts.push(raw.subarray(kept))
  return Buffer.concat(parts)
}

/** An event that has data and nothing else. */
export function writeEvent(data: Buffer): Buffer {
  return Buffer.concat([dataLines(data, newLine), newLine])
}

const colon = 0x3a
const space = 0x20
const newLine = Buffer.from('\n')
const dataPrefix = Buffer.from('data: ')

type FieldName = 'data' | 'event' | 'id'

/** The name of a field that matters; undefined for comments, blank lines and other fields. */
function fieldName(raw: Buffer, line: Line): FieldName | undefined {
  return fieldNames.find((name) => startsWithField(raw, line, name))
}

const fieldNames: readonly FieldName[] = ['data', 'event', 'id']

function startsWithField(raw: Buffer, { start, end }: Line, name: FieldName): boolean {
  const nameEnd = start + name.length
  if (nameEnd > end || (nameEnd < end && raw[nameEnd] !== colon)) return false
  for (let i = 0; i < name.length; i += 1) {
    if (raw[start + i] !== name.charCodeAt(i)) return false
  }
  return true
}

/** What follows the colon without one leading space; empty for a name without a colon. */
function fieldValue(raw: Buffer, { start, end }: Line, name: FieldName): Buffer {
  const value = Math.min(start + name.length + 1, end)
  return raw.subarray(value < end && raw[value] === space ? value + 1 : value, end)
}

/** An id with a NUL is ignored. */
function idOf(value: Buffer): string | undefined {
  return value.includes(0) ? undefined : value.toString('utf8')
}

function joined(lines: readonly Buffer[]): Buffer | undefined {
  if (lines.length < 2) return lines[0]
  return Buffer.concat(lines.flatMap((line, i) => (i === 0 ? [line] : [newLine, line])))
}

/** A data line for every line of the data; a line end that the stream did not give is a line feed. */
function dataLines(data: Buffer, lineEnd: Buffer): Buffer {
  const ending = lineEnd.length === 0 ? newLine : lineEnd
  const parts: Buffer[] = []
  for (const { start, end } of linesOf(data)) {
    parts.push(dataPrefix, data.subarray(start, end), ending)
  }
  return Buffer.concat(parts)
}
