import type { Span } from '../domain/json.js'
import type { Member, Members, ResponseMessage } from '../domain/message.js'
import { membersAt, itemsAt } from '../wire/json-parts.js'
import { decodeString } from '../wire/json-text.js'
import { caseVariantOf } from '../wire/protocol-keys.js'

/** A request of the server that is no message of its own. */
export interface EmbeddedRequest {
  /** What answers it by: the key in `inputRequests`, or its place among the elicitations, as a JSON text. */
  readonly id: string
  /** The JSON text of its method; undefined where it has none that all clients read alike. */
  readonly method: string | undefined
  /** Where its params stand; undefined where it has none. */
  readonly params: Span | undefined
  /** Where params that it did not have are to be written. */
  readonly end: number
}

/** What cannot be told apart into requests: the reason why. */
export type EmbeddedRequests = readonly EmbeddedRequest[] | string

/** Nobody is asked more than this at once, and judging it must come to an end. */
const mostRequests = 256

/** Requests in the `inputRequests` of a result or of a notification's params. */
export function inputRequestsIn(text: Buffer, members: Members): EmbeddedRequests {
  const member = members.get('inputRequests')
  if (member === undefined || member.shape === 'null') return []
  if (member.shape !== 'object') return 'inputRequests is not an object'
  const entries = membersAt(text, member.value)
  if (entries.size > mostRequests) return `inputRequests has more than ${mostRequests} members`
  return [...entries].map(([key, entry]) => entryOf(text, key, entry))
}

/** Elicitations in the error −32042, which says that they are required first. */
export function requiredElicitationsIn({
  text,
  outcome,
  members,
}: ResponseMessage): EmbeddedRequests {
  const data = members.get('data')
  const isAbout = outcome.type === 'error' && isRequired(text, members.get('code'))
  if (!isAbout || data?.shape !== 'object') return []
  const inside = membersAt(text, data.value)
  for (const key of inside.keys()) {
    if (caseVariantOf(key) === 'elicitations') return 'elicitations is spelled in another case'
  }
  const listed = inside.get('elicitations')
  return listed === undefined || listed.shape === 'null' ? [] : elicitationsIn(text, listed)
}

function entryOf(text: Buffer, key: string, { value }: Member): EmbeddedRequest {
  const members = membersAt(text, value)
  const method = members.get('method')
  const isPlain = [...members.keys()].every((name) => caseVariantOf(name) === undefined)
  const isRead = isPlain && method?.shape === 'string'
  return {
    id: JSON.stringify(key),
    method: isRead ? JSON.stringify(decodeString(text, method.value)) : undefined,
    params: members.get('params')?.value,
    end: method?.value.end ?? value.end,
  }
}

/** Whoever reads the code may turn a text into a number. */
function isRequired(text: Buffer, code: Member | undefined): boolean {
  if (code?.shape === 'number') {
    return Number(text.toString('latin1', code.value.start, code.value.end)) === requiredFirst
  }
  return code?.shape === 'string' && Number(decodeString(text, code.value)) === requiredFirst
}

const requiredFirst = -32042

function elicitationsIn(text: Buffer, { shape, value }: Member): EmbeddedRequests {
  if (shape !== 'array') return 'elicitations is not an array'
  const items = itemsAt(text, value, mostRequests + 1)
  if (items.length > mostRequests) return `elicitations has more than ${mostRequests} items`
  return items.map((params, index) => ({
    id: String(index),
    method: '"elicitation/create"',
    params,
    end: params.end,
  }))
}
