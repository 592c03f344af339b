import { writeEvent, type EventFrame } from '../wire/event-stream.js'

/** Of a stream of several: no server says when the client comes again, or that it begins anew. */
export function asOneOf({ raw, data, event }: EventFrame, id: string): Buffer {
  const idLine = id === '' ? '' : `id: ${id}\n`
  if (data === undefined || data.length === 0) {
    if (id !== '') return Buffer.from(`${idLine}data: \n\n`)
    // A comment keeps the connection alive.
    return raw[0] === colon ? raw : nothing
  }
  // Clients take events of other types for none.
  if (event !== '' && event !== 'message') return nothing
  return Buffer.concat([Buffer.from(idLine), writeEvent(data)])
}

/** Whether it is more than a sign of life. */
export function isTelling({ data }: EventFrame): boolean {
  return data !== undefined && data.length > 0
}

const colon = 0x3a
const nothing = Buffer.alloc(0)
