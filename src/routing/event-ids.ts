import { isJsonObject } from '../domain/json.js'

/**
 * How far a client has read the streams of several servers: the last event of each, in one event id. It begins with
 * `_`, as no name of a server does, and so is none of the ids of one server's stream.
 */
export type Progress = ReadonlyMap<string, string>

/** Longest id that says it all; beyond that only the server of this very event is named. */
const longestId = 2048

export function writeProgress(progress: Progress, latest: string): string {
  const whole = written(progress)
  if (whole.length <= longestId) return whole
  return written(new Map([...progress].filter(([server]) => server === latest)))
}

/** Whether an event of a server can be named later, in a header. */
export function canBeKept(id: string): boolean {
  return isText(id) && id.length <= longestId / 2
}

/** Undefined for an id that is no such one. */
export function readProgress(eventId: string): Progress | undefined {
  if (!eventId.startsWith(mark)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(eventId.slice(1), 'base64url').toString())
    if (!isJsonObject(value)) return undefined
    const entries = Object.entries(value)
    return new Map(entries.flatMap(([server, id]) => (isText(id) ? [[server, id]] : [])))
  } catch {
    return undefined
  }
}

const mark = '_'

function written(progress: Progress): string {
  return mark + Buffer.from(JSON.stringify(Object.fromEntries(progress))).toString('base64url')
}

/** As a header may carry it. */
function isText(id: unknown): id is string {
  return typeof id === 'string' && /^[\x20-\x7e]+$/.test(id)
}
