import type { ReplyForm } from '../domain/reply.js'

/** A header as the connection gives it: a list where it came more than once. */
export type HeaderValue = string | string[] | undefined

export function formOf(contentType: HeaderValue): ReplyForm {
  const type = String(contentType ?? '')
    .split(';', 1)[0]
    ?.trim()
    .toLowerCase()
  if (type === 'application/json') return 'json'
  return type === 'text/event-stream' ? 'events' : 'other'
}

/**
 * Whether all clients read these bytes as the UTF-8 that they are here. Clients undo every coding and go by any
 * charset that they find, so each header counts, and one that is odd counts against it.
 */
export function isReadable(contentType: HeaderValue, contentEncoding: HeaderValue): boolean {
  return (
    valuesOf(contentEncoding).every(isIdentity) &&
    valuesOf(contentType).every((value) => !charset.test(value.replace(utf8, '')))
  )
}

function valuesOf(header: HeaderValue): readonly string[] {
  if (header === undefined) return []
  return typeof header === 'string' ? [header] : header
}

function isIdentity(contentEncoding: string): boolean {
  return contentEncoding.split(',').every((coding) => identity.test(coding))
}

const identity = /^\s*(?:identity)?\s*$/i
const charset = /charset/i
const utf8 = /;\s*charset\s*=\s*(?:"utf-?8"|utf-?8)\s*(?=;|$)/gi
