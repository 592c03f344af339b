import { isJsonObject } from '../domain/json.js'

/** Where each server that has more of a list goes on, by its name. */
export type Cursor = ReadonlyMap<string, string>

export function writeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(Object.fromEntries(cursor))).toString('base64url')
}

/** Undefined for a cursor that was not written here. */
export function readCursor(value: unknown): Cursor | undefined {
  if (typeof value !== 'string') return undefined
  try {
    const read: unknown = JSON.parse(Buffer.from(value, 'base64url').toString())
    if (!isJsonObject(read)) return undefined
    const entries = Object.entries(read)
    if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
      return undefined
    }
    return new Map(entries)
  } catch {
    return undefined
  }
}
